"""Hosts reveal, freeze and disqualify; nobody else does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition, Host, Phase
from minigiants.core.models import AuditEntry, OutboxEvent
from minigiants.core.problems import InvalidInput, NotFound, NotPermitted
from minigiants.leaderboards.hosting import (
    phase_boards_freeze,
    private_boards_reveal,
    team_disqualify,
    team_reinstate,
)
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.policies import is_revealed
from minigiants.leaderboards.problems import AlreadyRevealed, PhaseStillOpen
from tests.minigiants.leaderboards.entering import enter, new_team
from tests.support.factories import CompetitionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    found: Competition = CompetitionFactory()
    return found


@pytest.fixture
def host(competition: Competition) -> User:
    found: User = UserFactory()
    Host.objects.create(competition=competition, user=found, role=Host.Role.ORGANIZER)
    return found


@pytest.fixture
def over(competition: Competition) -> Phase:
    """The phase, just closed."""
    phase: Phase = competition.phases.get()
    phase.closes_at = timezone.now() - timedelta(seconds=1)
    phase.save()
    return phase


def test_a_host_reveals_once_and_after_the_end(
    competition: Competition, host: User, over: Phase
) -> None:
    Phase.objects.update(closes_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(PhaseStillOpen):
        private_boards_reveal(user=host, phase=Phase.objects.get())
    assert not is_revealed(phase=over)
    private_boards_reveal(user=host, phase=over)
    assert is_revealed(phase=over)
    assert Board.objects.filter(split="private", revealed_at__isnull=False).count() == 2
    with pytest.raises(AlreadyRevealed):
        private_boards_reveal(user=host, phase=over)
    assert OutboxEvent.objects.get().payload == {"competition": competition.slug, "phase": "main"}
    assert AuditEntry.objects.get().action == "boards.reveal"


def test_the_timeline_reveals_by_itself(over: Phase) -> None:
    over.reveals_at = timezone.now() + timedelta(hours=1)
    assert not is_revealed(phase=over)
    assert is_revealed(phase=over, now=over.reveals_at)


def test_a_host_freezes_and_thaws(competition: Competition, host: User) -> None:
    phase = competition.phases.get()
    team = new_team(competition)
    enter(team, 0.5)
    phase_boards_freeze(user=host, phase=phase, is_frozen=True)
    enter(team, 0.9)
    assert {row.score for row in Standing.objects.all()} == {0.5}
    phase_boards_freeze(user=host, phase=phase, is_frozen=False)
    assert {row.score for row in Standing.objects.all()} == {0.9}


def test_a_host_disqualifies_a_team_and_lets_it_return(
    competition: Competition, host: User
) -> None:
    team = new_team(competition)
    enter(team, 0.5)
    ruled = team_disqualify(
        user=host, competition=competition, team_id=team.pk, reason="One person, two teams."
    )
    assert ruled.disqualified_for == "One person, two teams."
    assert not Standing.objects.exists()
    with pytest.raises(InvalidInput):
        team_reinstate(user=host, competition=competition, team_id=team.pk, reason=" ")
    back = team_reinstate(
        user=host, competition=competition, team_id=team.pk, reason="They are two people."
    )
    assert (back.disqualified_at, back.disqualified_for) == (None, "")
    entry = AuditEntry.objects.get(action="team.reinstate")
    assert entry.detail["reason"] == "They are two people."
    assert Standing.objects.count() == 2
    with pytest.raises(NotFound):
        team_reinstate(user=host, competition=competition, team_id=uuid4(), reason="Who?")
    elsewhere = new_team(CompetitionFactory())
    with pytest.raises(NotFound):
        team_disqualify(user=host, competition=competition, team_id=elsewhere.pk, reason="No.")
    with pytest.raises(InvalidInput):
        team_disqualify(user=host, competition=competition, team_id=team.pk, reason=" ")


def test_nobody_else_rules(competition: Competition, over: Phase) -> None:
    team = new_team(competition)
    stranger = UserFactory()
    Host.objects.create(competition=CompetitionFactory(), user=stranger, role=Host.Role.OWNER)
    idle = UserFactory(is_staff=True, is_active=False)
    viewer = UserFactory()
    Host.objects.create(competition=competition, user=viewer, role=Host.Role.VIEWER)
    for someone in (stranger, idle, viewer):
        with pytest.raises(NotPermitted):
            private_boards_reveal(user=someone, phase=over)
        with pytest.raises(NotPermitted):
            phase_boards_freeze(user=someone, phase=over, is_frozen=True)
        with pytest.raises(NotPermitted):
            team_disqualify(user=someone, competition=competition, team_id=team.pk, reason="No.")
        with pytest.raises(NotPermitted):
            team_reinstate(user=someone, competition=competition, team_id=team.pk, reason="No.")
    assert not is_revealed(phase=over)


def test_judges_disqualify_and_reveal_nothing(competition: Competition, over: Phase) -> None:
    judge = UserFactory()
    Host.objects.create(competition=competition, user=judge, role=Host.Role.JUDGE)
    team = new_team(competition)
    team_disqualify(user=judge, competition=competition, team_id=team.pk, reason="No.")
    with pytest.raises(NotPermitted):
        private_boards_reveal(user=judge, phase=over)
