"""How many may compete together."""

from minigiants.competitions.pack import PackSpec
from minigiants.core.problems import Problem
from minigiants.teams.models import Team


class TeamTooLarge(Problem):
    code = "team_too_large"
    status = 409
    title = "The team has more people than the competition allows"
    mend = "Some of you have to leave the team before it goes on; the limit is in the rules."


def require_team_size(*, team: Team, spec: PackSpec) -> None:
    """Raise TeamTooLarge if more people are in the team than the pack allows."""
    size = team.memberships.count()
    if size > spec.teams.max_size:
        raise TeamTooLarge(f"{team.name} has {size} people; {spec.teams.max_size} are allowed.")
