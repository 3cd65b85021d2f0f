"""Founding a team by name, renaming it, handing the lead over."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.competitions.problems import RulesNotAccepted
from minigiants.competitions.services import rules_accept
from minigiants.core.models import AuditEntry
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.teams.models import NAME_CHARACTERS, Team
from minigiants.teams.problems import AlreadyInTeam, NotLeader, TeamNameTaken, TeamsClosed
from minigiants.teams.selectors import members, team_find
from minigiants.teams.services import leader_hand_over, team_create, team_rename
from tests.support.factories import (
    CompetitionFactory,
    TeamFactory,
    UserFactory,
    member_add,
    member_of,
    pack_spec,
)

pytestmark = pytest.mark.django_db


def ended() -> Competition:
    now = timezone.now()
    phase = {
        "slug": "main",
        "title": "Main",
        "opens": now - timedelta(days=2),
        "closes": now - timedelta(days=1),
        "quota": {"per_day": 5},
    }
    return CompetitionFactory(spec=pack_spec(phases=[phase]))


def participant(competition: Competition) -> User:
    user = UserFactory()
    rules_accept(user=user, competition=competition)
    return user


def test_the_founder_leads() -> None:
    competition = CompetitionFactory()
    user = participant(competition)
    team = team_create(user=user, competition=competition, name="  Small\u00a0 wonders ")
    assert team.name == "Small wonders"
    assert [(row.user, row.is_leader) for row in members(team)] == [(user, True)]
    assert AuditEntry.objects.filter(action="team.found", actor_id=user.pk).count() == 1


def test_a_team_needs_the_rules_an_open_competition_and_a_person_without_one() -> None:
    with pytest.raises(RulesNotAccepted):
        team_create(user=UserFactory(), competition=CompetitionFactory(), name="x")
    over = ended()
    with pytest.raises(TeamsClosed):
        team_create(user=participant(over), competition=over, name="x")
    team = TeamFactory()
    with pytest.raises(AlreadyInTeam):
        team_create(user=member_of(team), competition=team.competition, name="x")


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\u202eb", "a\x00b", "\u200b"])
def test_names_that_can_not_be_read_are_refused(name: str) -> None:
    competition = CompetitionFactory()
    with pytest.raises(InvalidInput):
        team_create(user=participant(competition), competition=competition, name=name)


@pytest.mark.parametrize("name", ["Giants", "gIANTS", " Giants "])
def test_a_name_is_taken_in_any_case_but_not_elsewhere(name: str) -> None:
    team = TeamFactory(name="Giants")
    with pytest.raises(TeamNameTaken):
        team_create(user=participant(team.competition), competition=team.competition, name=name)
    elsewhere = CompetitionFactory()
    assert team_create(user=participant(elsewhere), competition=elsewhere, name=name)


def test_only_the_leader_renames() -> None:
    team = TeamFactory(name="before")
    leader, colleague = member_of(team), UserFactory()
    member_add(team, colleague)
    with pytest.raises(NotLeader):
        team_rename(user=colleague, competition=team.competition, name="after")
    with pytest.raises(NotFound):
        team_rename(user=UserFactory(), competition=team.competition, name="after")
    assert team_rename(user=leader, competition=team.competition, name="AFTER").name == "AFTER"
    assert team_rename(user=leader, competition=team.competition, name="after").name == "after"


def test_the_lead_can_be_handed_to_a_member_alone() -> None:
    team = TeamFactory()
    leader, colleague = member_of(team), UserFactory()
    member_add(team, colleague)
    with pytest.raises(NotFound):
        leader_hand_over(user=leader, competition=team.competition, to=UserFactory().username)
    leader_hand_over(user=leader, competition=team.competition, to=colleague.username)
    assert [row.user for row in members(team) if row.is_leader] == [colleague]
    with pytest.raises(NotLeader):
        leader_hand_over(user=leader, competition=team.competition, to=leader.username)


class AnyName(TestCase):
    @settings(max_examples=20, deadline=None)
    @given(st.text(max_size=NAME_CHARACTERS + 5))
    def test_a_name_is_shown_as_it_is_kept_or_refused(self, name: str) -> None:
        competition = CompetitionFactory()
        user = participant(competition)
        try:
            team = team_create(user=user, competition=competition, name=name)
        except InvalidInput:
            assert team_find(user=user, competition=competition) is None
        else:
            kept = Team.objects.get(pk=team.pk).name
            assert kept == kept.strip()
            assert kept.isprintable()
            assert 1 <= len(kept) <= NAME_CHARACTERS
