"""The team that a person competes with."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from minigiants.teams.models import Membership, Team
from minigiants.teams.selectors import is_member, team_find
from minigiants.teams.services import team_of_user
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_person_founds_a_team_of_one_and_keeps_it() -> None:
    user, competition = UserFactory(username="ada"), CompetitionFactory()
    assert team_find(user=user, competition=competition) is None
    team = team_of_user(user=user, competition=competition)
    assert team.name == "ada"
    assert team_of_user(user=user, competition=competition) == team
    assert is_member(user=user, team=team)
    assert Membership.objects.get().is_leader


def test_a_taken_name_gets_a_number() -> None:
    competition = CompetitionFactory()
    Team.objects.create(competition=competition, name="ada")
    team = team_of_user(user=UserFactory(username="ada"), competition=competition)
    assert team.name == "ada 2"


def test_each_competition_has_its_own_team() -> None:
    user = UserFactory()
    teams = {team_of_user(user=user, competition=CompetitionFactory()) for _ in range(2)}
    assert len(teams) == 2


@pytest.mark.django_db(transaction=True)
def test_two_first_uploads_at_once_found_one_team() -> None:
    user, competition = UserFactory(), CompetitionFactory()

    def found(number: int) -> Team:
        try:
            return team_of_user(user=user, competition=competition)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(found, range(6)))) == 1
    assert Team.objects.count() == 1
