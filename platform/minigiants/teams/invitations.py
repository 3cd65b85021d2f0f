"""Inviting people into a team. Accepting is an app further up: it may bring models along."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.teams.models import Answer, Invitation, Team
from minigiants.teams.policies import require_leader, require_open, team_rules
from minigiants.teams.problems import AlreadyInTeam, NotOpen, TeamTooLarge, TooManyInvitations
from minigiants.teams.selectors import invitations_of, invitations_to, is_member, team_get
from minigiants.teams.services import team_lock

INVITED_EVENT: Final = "team.invited"
LIFETIME: Final = timedelta(days=14)
MAX_OPEN: Final = 10
MAX_A_DAY: Final = 20
_SALT: Final = "minigiants.teams.invitation"


@transaction.atomic
def invitation_create(*, user: User, competition: Competition, to: str) -> Invitation:
    """Offer a place in the team of `user`, its leader, to a user name or an e-mail address.

    An address is never looked up: whoever follows the link in its mail may accept.
    Inviting twice answers the open invitation. Raises NotFound, NotLeader, TeamsClosed,
    TeamTooLarge, AlreadyInTeam, TooManyInvitations, InvalidInput.
    """
    team = team_lock(team_id=team_get(user=user, competition=competition).pk)
    require_leader(user=user, team=team)
    require_open(competition)
    require_place(team)
    invited, email = _recipient(to.strip(), team)
    team.invitations.filter(state=Answer.OPEN, expires_at__lte=timezone.now()).update(
        state=Answer.WITHDRAWN
    )
    same = next((i for i in invitations_of(team) if i.user == invited and i.email == email), None)
    if same is not None:
        return same
    _require_few(user, team)
    invitation = Invitation.objects.create(
        team=team,
        invited_by=user,
        user=invited,
        email=email,
        expires_at=timezone.now() + LIFETIME,
    )
    audit_write(actor=user, action="team.invite", target=team, invitation=str(invitation.pk))
    outbox_write(kind=INVITED_EVENT, payload={"invitation": str(invitation.pk)})
    return invitation


@transaction.atomic
def invitation_withdraw(*, user: User, invitation_id: UUID) -> Invitation:
    """Take an open invitation of `user`'s team back. Raises NotFound, NotLeader, NotOpen."""
    invitation = Invitation.objects.select_related("team").filter(pk=invitation_id).first()
    if invitation is None or not is_member(user=user, team=invitation.team):
        raise NotFound("There is no such invitation of your team.")
    require_leader(user=user, team=invitation.team)
    invitation_close(invitation, Answer.WITHDRAWN)
    audit_write(
        actor=user, action="team.uninvite", target=invitation.team, invitation=str(invitation.pk)
    )
    return invitation


@transaction.atomic
def invitation_decline(*, user: User, invitation: Invitation) -> None:
    """Turn an invitation down that `invitation_find` has found. Raises NotOpen."""
    invitation_close(invitation, Answer.DECLINED)
    audit_write(
        actor=user, action="team.decline", target=invitation.team, invitation=str(invitation.pk)
    )


def invitation_close(invitation: Invitation, state: Answer) -> None:
    """Compare-and-set an invitation from open to `state`. Raises NotOpen."""
    closed = Invitation.objects.filter(
        pk=invitation.pk, state=Answer.OPEN, expires_at__gt=timezone.now()
    ).update(state=state, answered_at=timezone.now())
    if not closed:
        raise NotOpen("It was answered, withdrawn, or has expired.")


def invitation_token(invitation: Invitation) -> str:
    """What a link carries that lets whoever holds it accept the invitation."""
    return signing.dumps(str(invitation.pk), salt=_SALT)


def invitation_find(*, user: User, key: str) -> Invitation:
    """The open invitation behind a link's token, or the one of `user` with this identity.

    Raises NotFound.
    """
    missing = NotFound(
        "There is no such invitation for you, or it is not open any more.",
        mend="Ask the team's leader for another one.",
    )
    found = invitations_to(user)
    try:
        identity = UUID(key)
    except ValueError:
        try:
            identity = UUID(signing.loads(key, salt=_SALT, max_age=LIFETIME))
        except signing.BadSignature:
            raise missing from None
        found = Invitation.objects.filter(
            state=Answer.OPEN, expires_at__gt=timezone.now(), user__isnull=True
        ).select_related("team__competition", "invited_by")
    invitation = found.filter(pk=identity).first()
    if invitation is None:
        raise missing
    return invitation


def require_place(team: Team, *, joining: int = 1) -> None:
    """Raise TeamTooLarge unless `joining` more people fit into the team."""
    limit = team_rules(team.competition).max_members
    size = team.memberships.count()
    if size + joining > limit:
        raise TeamTooLarge(f"{team.name} has {size} of at most {limit} members.")


def _recipient(to: str, team: Team) -> tuple[User | None, str]:
    if "@" in to:
        try:
            validate_email(to)
        except ValidationError:
            raise InvalidInput(f"{to[:80]!r} is no e-mail address.") from None
        return None, to.lower()
    invited = User.objects.filter(username__iexact=to, is_active=True).first()
    if invited is None:
        raise NotFound(f"Nobody here is called {to[:80]!r}.", mend="Check the user name.")
    if is_member(user=invited, team=team):
        raise AlreadyInTeam(f"{invited.username} is in {team.name}.", mend="")
    return invited, ""


def _require_few(user: User, team: Team) -> None:
    if len(invitations_of(team)) >= MAX_OPEN:
        raise TooManyInvitations(f"{MAX_OPEN} invitations of {team.name} are open.")
    today = Invitation.objects.filter(
        invited_by=user, created_at__gt=timezone.now() - timedelta(days=1)
    )
    if today.count() >= MAX_A_DAY:
        raise TooManyInvitations(f"You have sent {MAX_A_DAY} invitations within a day.")
