"""Closing an account: what identifies the person goes, what others rely on stays."""

import secrets

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import ApiToken, User
from minigiants.core.audit import audit_write
from minigiants.core.problems import InvalidInput
from minigiants.teams.models import Answer, Invitation, Membership, Team
from minigiants.teams.services import team_lock


@transaction.atomic
def account_close(*, user: User, password: str) -> None:
    """Close the account of `user`, who proves to be the person by the password.

    User name, address, profile, password, second factors, sessions, tokens and open invitations
    are gone. Submissions, posts and standings stay, under a name that tells nothing: boards
    would be wrong without them. A team that the person leads goes to its next member; one of the
    person alone loses its name. Raises InvalidInput.
    """
    person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if not person.check_password(password):
        raise InvalidInput("This is not your password.", mend="Nothing was changed. Try again.")
    nobody = f"closed-{secrets.token_hex(6)}"
    for membership in Membership.objects.filter(user=person).order_by("team_id"):
        _leave_behind(membership, nobody)
    Invitation.objects.filter(user=person, state=Answer.OPEN).update(state=Answer.DECLINED)
    now = timezone.now()
    ApiToken.objects.filter(user=person, revoked_at__isnull=True).update(revoked_at=now)
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    for session in UserSession.objects.filter(user=person):
        session.end()
    person.username, person.email = nobody, f"{nobody}@closed.invalid"
    person.first_name = person.last_name = person.about = person.homepage = ""
    person.is_active = person.is_staff = person.is_superuser = person.is_profile_public = False
    person.set_unusable_password()
    person.save()
    audit_write(actor=person, action="account.close", target=person)


def _leave_behind(membership: Membership, nobody: str) -> None:
    team = team_lock(team_id=membership.team_id)
    heir = (
        team.memberships.exclude(user=membership.user_id)
        .filter(user__is_active=True)
        .order_by("joined_at", "pk")
        .first()
    )
    if heir is None:
        Team.objects.filter(pk=team.pk).update(name=nobody)
    elif membership.is_leader:
        Membership.objects.filter(pk=membership.pk).update(is_leader=False)
        Membership.objects.filter(pk=heir.pk).update(is_leader=True)
