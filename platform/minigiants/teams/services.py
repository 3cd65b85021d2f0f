"""Changing who competes: founding, naming, leading."""

import unicodedata
from itertools import count
from uuid import UUID

from django.db import IntegrityError, transaction

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.participation import require_rules_accepted
from minigiants.core.audit import audit_write
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.teams.models import NAME_CHARACTERS, Membership, Team
from minigiants.teams.policies import require_leader, require_open
from minigiants.teams.problems import AlreadyInTeam, TeamNameTaken
from minigiants.teams.selectors import team_find, team_get


@transaction.atomic
def team_of_user(*, user: User, competition: Competition) -> Team:
    """The team of `user`, founded now with the person alone if there is none.

    It bears the person's user name; where another team has taken that, a number follows.
    """
    # Two first uploads at once must found one team: the person's row is the lock. Not its key:
    # a transaction that refers to the person must be able to commit meanwhile.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
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
    return _found(user, competition, name)


@transaction.atomic
def team_create(*, user: User, competition: Competition, name: str) -> Team:
    """Found a team called `name` with `user` as its leader.

    Raises RulesNotAccepted, TeamsClosed, AlreadyInTeam, TeamNameTaken, InvalidInput.
    """
    require_rules_accepted(user=user, competition=competition)
    require_open(competition)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    existing = team_find(user=user, competition=competition)
    if existing is not None:
        raise AlreadyInTeam(f"You are in {existing.name}.", mend="Rename it, or leave it first.")
    return _found(user, competition, _free_name(competition, name))


@transaction.atomic
def team_rename(*, user: User, competition: Competition, name: str) -> Team:
    """Give the team of `user`, its leader, another name.

    Raises NotFound, NotLeader, TeamsClosed, TeamNameTaken, InvalidInput.
    """
    team = team_lock(team_id=team_get(user=user, competition=competition).pk)
    require_leader(user=user, team=team)
    require_open(competition)
    before, team.name = team.name, _free_name(competition, name, but=team)
    try:
        with transaction.atomic():
            team.save(update_fields=["name"])
    except IntegrityError:
        raise TeamNameTaken(f"There is a team called {team.name} already.") from None
    audit_write(actor=user, action="team.rename", target=team, before=before, name=team.name)
    return team


@transaction.atomic
def leader_hand_over(*, user: User, competition: Competition, to: str) -> Team:
    """Make the member with the user name `to` the leader, in the place of `user`.

    Raises NotFound, NotLeader.
    """
    team = team_lock(team_id=team_get(user=user, competition=competition).pk)
    require_leader(user=user, team=team)
    if not team.memberships.filter(user__username=to).exists():
        raise NotFound(f"{to!r} is not in {team.name}.")
    team.memberships.filter(user=user).update(is_leader=False)
    team.memberships.filter(user__username=to).update(is_leader=True)
    audit_write(actor=user, action="team.leader", target=team, to=to)
    return team


def team_lock(*, team_id: UUID) -> Team:
    """The team, locked; where it has merged meanwhile, the team that it became part of.

    The lock lets rows that refer to the team be written: only its own row must stay.
    """
    locked = Team.objects.select_for_update(no_key=True)
    team = locked.get(pk=team_id)
    while team.merged_into_id is not None:
        team = locked.get(pk=team.merged_into_id)
    return team


def _found(user: User, competition: Competition, name: str) -> Team:
    try:
        with transaction.atomic():
            team = Team.objects.create(competition=competition, name=name)
    except IntegrityError:
        raise TeamNameTaken(f"There is a team called {name} already.") from None
    Membership.objects.create(team=team, competition=competition, user=user, is_leader=True)
    audit_write(actor=user, action="team.found", target=team, name=name)
    return team


def _free_name(competition: Competition, name: str, *, but: Team | None = None) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > NAME_CHARACTERS or not name.isprintable():
        raise InvalidInput(
            f"A team's name has 1 to {NAME_CHARACTERS} characters that can be seen.",
            mend="Choose another name.",
        )
    others = Team.objects.filter(competition=competition, merged_into__isnull=True)
    if but is not None:
        others = others.exclude(pk=but.pk)
    if others.filter(name__iexact=name).exists():
        raise TeamNameTaken(f"There is a team called {name} already.")
    return name
