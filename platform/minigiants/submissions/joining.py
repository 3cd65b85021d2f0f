"""Entering and leaving a team: what was handed in decides whether that is possible."""

from typing import Final

from django.db import transaction

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.participation import require_rules_accepted
from minigiants.core.audit import audit_write
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import Conflict
from minigiants.submissions.merging import team_absorb
from minigiants.submissions.models import Submission
from minigiants.teams.invitations import invitation_close, require_place
from minigiants.teams.models import Answer, Invitation, Membership, Team
from minigiants.teams.policies import require_open
from minigiants.teams.problems import AlreadyInTeam, HasSubmitted, NotOpen
from minigiants.teams.selectors import team_find, team_get
from minigiants.teams.services import team_lock

JOINED_EVENT: Final = "team.joined"


@transaction.atomic
def invitation_accept(*, user: User, invitation: Invitation) -> Team:
    """Join the team of an invitation that `invitation_find` has found.

    A team that the person has alone, and that has handed nothing in, becomes part of it with
    its uploaded models. Raises RulesNotAccepted, TeamsClosed, NotOpen, TeamTooLarge,
    AlreadyInTeam, HasSubmitted.
    """
    competition = invitation.team.competition
    require_rules_accepted(user=user, competition=competition)
    require_open(competition)
    # As in founding a team, the person's row comes before any team's.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    own = team_find(user=user, competition=competition)
    if own is not None and own.pk == invitation.team_id:
        raise AlreadyInTeam(f"You are in {own.name} already.", mend="")
    wanted = {invitation.team_id, *([own.pk] if own else [])}
    rows = Team.objects.select_for_update(no_key=True).filter(pk__in=wanted)
    locked = {row.pk: row for row in rows.order_by("pk")}
    team = locked[invitation.team_id]
    if any(row.merged_into_id is not None for row in locked.values()):
        raise NotOpen("One of the teams has merged with another meanwhile.")
    invitation_close(invitation, Answer.ACCEPTED)
    require_place(team)
    if own is None:
        Membership.objects.create(team=team, competition=competition, user=user)
    else:
        _require_alone(locked[own.pk])
        own.memberships.update(team=team, is_leader=False)
        team_absorb(team=team, other=locked[own.pk])
    audit_write(actor=user, action="team.join", target=team, invitation=str(invitation.pk))
    outbox_write(kind=JOINED_EVENT, payload={"team": str(team.pk), "user": user.pk})
    return team


@transaction.atomic
def team_leave(*, user: User, competition: Competition) -> Team:
    """Leave the team of `user`, as long as it has handed nothing in. Uploads stay with it.

    Raises NotFound, HasSubmitted, Conflict.
    """
    team = team_lock(team_id=team_get(user=user, competition=competition).pk)
    membership = Membership.objects.get(user=user, competition=competition)
    require_open(competition)
    if team.memberships.count() == 1:
        raise Conflict(
            "You are alone in your team.",
            mend="Accept another team's invitation: yours then becomes part of that one.",
        )
    if membership.is_leader:
        raise Conflict("You lead the team.", mend="Hand the lead over first.")
    if Submission.objects.filter(team=team).exists():
        raise HasSubmitted(f"{team.name} has handed in, so nobody can leave it.")
    membership.delete()
    audit_write(actor=user, action="team.leave", target=team)
    return team


def _require_alone(own: Team) -> None:
    if own.memberships.count() > 1:
        raise AlreadyInTeam(f"You are in {own.name}.", mend="Leave it first.")
    if own.submissions.exists():
        raise HasSubmitted(
            f"Your own team {own.name} has handed in.",
            mend="Ask the other team's leader to propose a merge instead.",
        )
