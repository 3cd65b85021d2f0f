"""Reading teams."""

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.teams.models import Membership, Team


def team_find(*, user: User, competition: Competition) -> Team | None:
    """The team that `user` competes with, if there is one yet."""
    membership = (
        Membership.objects.select_related("team").filter(user=user, competition=competition).first()
    )
    return membership.team if membership else None


def is_member(*, user: User, team: Team) -> bool:
    """Whether `user` belongs to `team`."""
    return Membership.objects.filter(user=user, team=team).exists()
