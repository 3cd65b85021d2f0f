"""Changing who competes."""

from itertools import count

from django.db import transaction

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.core.audit import audit_write
from minigiants.teams.models import Membership, Team
from minigiants.teams.selectors import team_find


@transaction.atomic
def team_of_user(*, user: User, competition: Competition) -> Team:
    """The team of `user`, founded now with the person alone if there is none.

    It bears the person's user name; where another team has taken that, a number follows.
    """
    # Two first uploads at once must found one team: the person's row is the lock.
    User.objects.select_for_update().get(pk=user.pk)
    existing = team_find(user=user, competition=competition)
    if existing is not None:
        return existing
    taken = set(
        Team.objects.filter(competition=competition, name__istartswith=user.username).values_list(
            "name", flat=True
        )
    )
    name = user.username
    for number in count(2):
        if name not in taken:
            break
        name = f"{user.username} {number}"
    team = Team.objects.create(competition=competition, name=name)
    Membership.objects.create(team=team, competition=competition, user=user, is_leader=True)
    audit_write(actor=user, action="team.found", target=team, name=name)
    return team
