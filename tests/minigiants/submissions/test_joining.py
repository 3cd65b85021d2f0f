"""Accepting an invitation, and leaving again."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from minigiants.accounts.models import User
from minigiants.competitions.models import RulesAcceptance
from minigiants.competitions.problems import RulesNotAccepted
from minigiants.competitions.services import rules_accept
from minigiants.core.models import AuditEntry
from minigiants.core.problems import Conflict, NotFound
from minigiants.submissions.joining import invitation_accept, team_leave
from minigiants.teams.invitations import invitation_create
from minigiants.teams.models import Answer, Invitation, Membership, Team
from minigiants.teams.problems import AlreadyInTeam, HasSubmitted, NotOpen, TeamTooLarge
from minigiants.teams.selectors import members, team_find
from minigiants.teams.services import team_of_user
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    UserFactory,
    member_add,
    member_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Team:
    return TeamFactory()


def invited(team: Team, user: User | None = None) -> Invitation:
    user = user or UserFactory()
    rules_accept(user=user, competition=team.competition)
    return invitation_create(user=member_of(team), competition=team.competition, to=user.username)


def accept(invitation: Invitation) -> Team:
    assert invitation.user is not None
    return invitation_accept(user=invitation.user, invitation=invitation)


def test_who_accepts_is_in_and_does_not_lead(team: Team) -> None:
    invitation = invited(team)
    assert accept(invitation) == team
    assert [row.is_leader for row in members(team)] == [True, False]
    assert AuditEntry.objects.filter(action="team.join").count() == 1
    with pytest.raises(AlreadyInTeam):
        accept(invitation)


def test_the_rules_come_first(team: Team) -> None:
    invitation = invited(team)
    RulesAcceptance.objects.filter(user=invitation.user).delete()
    with pytest.raises(RulesNotAccepted):
        accept(invitation)
    invitation.refresh_from_db()
    assert invitation.state == Answer.OPEN


def test_an_own_team_that_has_handed_nothing_in_comes_along(team: Team) -> None:
    own = TeamFactory(competition=team.competition, name="own")
    model = ArtifactFactory(team=own)
    person = member_of(own)
    accept(invited(team, person))
    own.refresh_from_db()
    model.refresh_from_db()
    assert own.merged_into == team
    assert model.team == team
    assert team_find(user=person, competition=team.competition) == team
    # The name is free again, and whoever comes next may have it.
    assert TeamFactory(competition=team.competition, name="own")


def test_an_own_team_that_has_competed_or_has_others_stays(team: Team) -> None:
    competed = TeamFactory(competition=team.competition)
    SubmissionFactory(artifact=ArtifactFactory(team=competed))
    with pytest.raises(HasSubmitted):
        accept(invited(team, member_of(competed)))
    several = TeamFactory(competition=team.competition)
    member_add(several, UserFactory())
    with pytest.raises(AlreadyInTeam):
        accept(invited(team, member_of(several)))
    assert not Invitation.objects.exclude(state=Answer.OPEN).exists()


def test_leaving_is_for_members_of_teams_that_have_not_competed(team: Team) -> None:
    leader = member_of(team)
    with pytest.raises(Conflict):
        team_leave(user=leader, competition=team.competition)
    first, second = invited(team), invited(team)
    accept(first)
    accept(second)
    assert first.user is not None
    assert second.user is not None
    with pytest.raises(Conflict):
        team_leave(user=leader, competition=team.competition)
    team_leave(user=first.user, competition=team.competition)
    assert team_find(user=first.user, competition=team.competition) is None
    with pytest.raises(NotFound):
        team_leave(user=first.user, competition=team.competition)
    assert team_of_user(user=first.user, competition=team.competition) != team
    SubmissionFactory(artifact=ArtifactFactory(team=team))
    with pytest.raises(HasSubmitted):
        team_leave(user=second.user, competition=team.competition)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_accept_at_once_as_many_get_in_as_there_are_places() -> None:
    team = TeamFactory()
    invitations = [invited(team) for _ in range(7)]

    def try_one(invitation: Invitation) -> bool:
        try:
            accept(invitation)
        except TeamTooLarge:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(len(invitations)) as pool:
        assert sum(pool.map(try_one, invitations)) == 4
    assert team.memberships.count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_invitations_accepted_at_once_lead_into_one_team() -> None:
    first, user = TeamFactory(), UserFactory()
    second = TeamFactory(competition=first.competition)
    invitations = [invited(first, user), invited(second, user)]

    def try_one(invitation: Invitation) -> Team | None:
        try:
            return accept(invitation)
        except (AlreadyInTeam, NotOpen, HasSubmitted):
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        joined = [team for team in pool.map(try_one, invitations) if team]
    assert len(joined) == 1
    assert Membership.objects.get(user=user).team == joined[0]
