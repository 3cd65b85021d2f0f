"""Mails to people, each with a link that ends its kind in one click (RFC 8058)."""

from typing import Final

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage

from minigiants.accounts.models import User
from minigiants.accounts.preferences import MailKind, mails_choose, mails_wanted
from minigiants.core.problems import NotFound

_SALT: Final = "minigiants.notifications.unsubscribe"


def person_mail(*, person: User, kind: MailKind, subject: str, body: str) -> bool:
    """Mail `person` unless mails of this `kind` are not wanted. Returns whether one was sent.

    Raises OSError where the mail server is away or refuses.
    """
    if not person.is_active or not person.email or not mails_wanted(person)[kind]:
        return False
    address = f"{settings.BASE_URL}/unsubscribe/{unsubscribe_token(person, kind)}/"
    # A subject is one line, whatever title it was made of.
    line = " ".join(f"Minigiants: {subject}".split())
    EmailMessage(
        line,
        f"{body}\n-- \nNo more mails of this kind: {address}\n",
        settings.DEFAULT_FROM_EMAIL,
        [person.email],
        headers={
            "List-Unsubscribe": f"<{address}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    ).send()
    return True


def unsubscribe_token(person: User, kind: MailKind) -> str:
    """What a mail's link carries. It ends one kind of mail to one person and opens nothing else."""
    return signing.dumps([person.pk, kind.value], salt=_SALT)


def unsubscribe_read(token: str) -> tuple[User, MailKind]:
    """Whom a link's token speaks of, and which kind of mail. Raises NotFound."""
    try:
        key, kind = signing.loads(token, salt=_SALT)
        return User.objects.get(pk=key), MailKind(kind)
    except (signing.BadSignature, User.DoesNotExist, ValueError):
        raise NotFound(
            "This link is not whole.", mend="Choose your mails under Settings → Account."
        ) from None


def unsubscribe(*, token: str) -> MailKind:
    """End the kind of mail that the link came with. Raises NotFound."""
    person, kind = unsubscribe_read(token)
    mails_choose(user=person, choices={kind: False})
    return kind
