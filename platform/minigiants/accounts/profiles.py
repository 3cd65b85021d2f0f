"""What a person tells others of themselves."""

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from minigiants.accounts.models import ABOUT_CHARACTERS, User
from minigiants.core.audit import audit_write
from minigiants.core.problems import InvalidInput, NotFound

_ADDRESS = URLValidator(schemes=["https", "http"])


@transaction.atomic
def profile_change(*, user: User, about: str, homepage: str, is_public: bool) -> User:
    """Change what the person's page says, and whether others may see it. Raises InvalidInput."""
    about, homepage = about.strip(), homepage.strip()
    if len(about) > ABOUT_CHARACTERS or "\0" in about:
        raise InvalidInput(f"The text has more than {ABOUT_CHARACTERS} characters.")
    if homepage:
        try:
            _ADDRESS(homepage)
        except ValidationError:
            raise InvalidInput(f"{homepage[:80]!r} is no web address.") from None
    user.about, user.homepage, user.is_profile_public = about, homepage, is_public
    user.save(update_fields=["about", "homepage", "is_profile_public"])
    audit_write(actor=user, action="profile.change", target=user, public=is_public)
    return user


def profile_get(*, username: str, viewer: User | None) -> User:
    """The person with this user name, if the page is public or one's own. Raises NotFound."""
    person = User.objects.filter(username__iexact=username, is_active=True).first()
    if person is None or not (person.is_profile_public or person == viewer):
        raise NotFound("There is no such person, or no page of theirs.")
    return person
