"""Reading teams."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.core.problems import NotFound
from minigiants.teams.models import Answer, Invitation, Membership, MergeProposal, Team


def team_find(*, user: User, competition: Competition) -> Team | None:
    """The team that `user` competes with, if there is one yet."""
    membership = (
        Membership.objects.select_related("team").filter(user=user, competition=competition).first()
    )
    return membership.team if membership else None


def team_get(*, user: User, competition: Competition) -> Team:
    """The team that `user` competes with. Raises NotFound."""
    team = team_find(user=user, competition=competition)
    if team is None:
        raise NotFound(
            "You have no team in this competition yet.",
            mend="Found one on the Team tab, or upload a model: that founds one too.",
        )
    return team


def is_member(*, user: User, team: Team) -> bool:
    """Whether `user` belongs to `team`."""
    return Membership.objects.filter(user=user, team=team).exists()


def members(team: Team) -> list[Membership]:
    """Who is in the team, the leader first, then in the order of joining."""
    return list(team.memberships.select_related("user").order_by("-is_leader", "joined_at", "pk"))


def invitations_of(team: Team) -> list[Invitation]:
    """The team's open invitations, the newest first."""
    return list(
        team.invitations.filter(state=Answer.OPEN, expires_at__gt=timezone.now()).select_related(
            "user", "invited_by"
        )
    )


def invitations_to(user: User) -> QuerySet[Invitation]:
    """The open invitations of `user`, by name or to the person's own address, the newest first."""
    offered = Q(user=user)
    if user.email:
        offered |= Q(email__iexact=user.email)
    return Invitation.objects.filter(
        offered, state=Answer.OPEN, expires_at__gt=timezone.now()
    ).select_related("team__competition", "invited_by")


def proposals_of(team: Team) -> list[MergeProposal]:
    """The open proposals to merge that the team has made or received, the newest first."""
    return list(
        MergeProposal.objects.filter(Q(team=team) | Q(other=team), state=Answer.OPEN)
        .select_related("team", "other", "proposed_by")
        .order_by("-pk")
    )


def competing_teams() -> QuerySet[Team]:
    """Every team that takes part: neither a baseline's nor one that was merged into another."""
    return Team.objects.filter(merged_into__isnull=True, is_baseline=False)


def team_by_name(*, competition: Competition, name: str) -> Team:
    """The competing team called `name`, in whatever case. Raises NotFound."""
    found = competing_teams().filter(competition=competition)
    team = found.filter(name=name).first() or found.filter(name__iexact=name).first()
    if team is None:
        raise NotFound(f"No team is called {name!r}.", mend="Look at the leaderboard for its name.")
    return team


def proposal_get(*, user: User, proposal_id: UUID) -> MergeProposal:
    """A proposal that one of `user`'s teams has made or received. Raises NotFound."""
    proposal = (
        MergeProposal.objects.select_related("team__competition__current_version", "other")
        .filter(pk=proposal_id)
        .filter(Q(team__memberships__user=user) | Q(other__memberships__user=user))
        .first()
    )
    if proposal is None:
        raise NotFound("There is no such proposal to a team of yours.")
    return proposal
