"""Who may change a team, until when, and how many may be in it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import spec_of
from minigiants.core.problems import NotFound
from minigiants.teams.models import Membership, Team
from minigiants.teams.problems import MergesClosed, NotLeader, TeamsClosed, TeamTooLarge


@dataclass(frozen=True, slots=True)
class TeamRules:
    """How large the teams of a competition may be, until when they may merge, and when they
    become final."""

    max_members: int
    merge_deadline: datetime
    deadline: datetime

    @property
    def may_merge(self) -> bool:
        """Whether teams may still merge now."""
        return timezone.now() < self.merge_deadline


def team_rules(competition: Competition) -> TeamRules:
    """The pack's limit and deadline for merges, and the close of its last phase."""
    spec = spec_of(competition)
    closes = spec.phases[-1].closes
    return TeamRules(
        max_members=spec.teams.max_size,
        merge_deadline=spec.teams.merge_deadline or closes,
        deadline=closes,
    )


def require_open(competition: Competition) -> None:
    """Raise TeamsClosed once the teams of `competition` are final."""
    deadline = team_rules(competition).deadline
    if deadline <= timezone.now():
        raise TeamsClosed(f"The deadline was {deadline:%-d %b %Y, %H:%M} UTC.")


def require_merges_open(competition: Competition) -> None:
    """Raise TeamsClosed once the teams are final, and MergesClosed once they can't merge."""
    require_open(competition)
    rules = team_rules(competition)
    if not rules.may_merge:
        raise MergesClosed(f"The deadline was {rules.merge_deadline:%-d %b %Y, %H:%M} UTC.")


def require_leader(*, user: User, team: Team) -> None:
    """Raise NotLeader, or to people outside the team NotFound."""
    membership = Membership.objects.filter(user=user, team=team).first()
    if membership is None:
        raise NotFound("You have no such team.")
    if not membership.is_leader:
        raise NotLeader(f"{team.name} is led by somebody else.")


def require_team_size(*, team: Team, spec: PackSpec) -> None:
    """Raise TeamTooLarge if more people are in the team than the pack allows."""
    size = team.memberships.count()
    if size > spec.teams.max_size:
        raise TeamTooLarge(f"{team.name} has {size} people; {spec.teams.max_size} are allowed.")
