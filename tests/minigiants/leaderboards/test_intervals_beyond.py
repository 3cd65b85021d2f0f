"""Boards with more teams than are compared: the others have their intervals all the same."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np
import pytest
from django.test import Client

from minigiants.competitions.models import Competition
from minigiants.leaderboards import board_statistics
from minigiants.leaderboards.board_statistics import statistics_ask, statistics_compute
from minigiants.leaderboards.models import Board, BoardStatistics, Standing, StandingStatistics
from minigiants.leaderboards.statistics_selectors import methods
from minigiants.teams.models import Team
from tests.minigiants.leaderboards.entering import enter, new_team
from tests.support.evidence import competition_with_labels, enter_losses, labels_publish

pytestmark = pytest.mark.django_db
COMPARED, AT_ONCE, TEAMS = 3, 2, 8
Told = tuple[float, float, int | None]


@pytest.fixture
def competition(monkeypatch: pytest.MonkeyPatch) -> Competition:
    monkeypatch.setattr(board_statistics, "TEAMS_COMPARED", COMPARED)
    monkeypatch.setattr(board_statistics, "INTERVALS_AT_ONCE", AT_ONCE)
    return competition_with_labels()


@pytest.fixture
def board(competition: Competition) -> Board:
    for number in range(TEAMS):
        hand_in(new_team(competition), number, 0.2 + number / 20)
    return Board.objects.get(competition=competition, split=Board.Split.PUBLIC)


def hand_in(team: Team, seed: int, level: float) -> UUID:
    losses = np.random.default_rng(seed).random(80) * 2 * level
    return enter_losses(team, losses)[0]


def settle(board: Board) -> int:
    """Compute until nothing is due. Returns how often that was."""
    for rounds in range(20):
        due = board.pk in statistics_ask()
        if not due:
            return rounds
        assert statistics_compute(board_id=board.pk)
    raise AssertionError("the board stays due for ever")


def told(board: Board) -> dict[UUID, Told]:
    rows = StandingStatistics.objects.filter(board=board)
    return {row.submission_id: (row.low, row.high, row.band) for row in rows}


def in_order(board: Board) -> Sequence[UUID]:
    places = Standing.objects.filter(board=board).order_by("place")
    return list(places.values_list("submission_id", flat=True))


def require_whole(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intervals are those of a board on which all are compared, and none is left over."""
    found = told(board)
    order = in_order(board)
    assert set(found) == set(order)
    assert [found[each][2] is None for each in order] == [
        place >= COMPARED for place in range(len(order))
    ]
    with monkeypatch.context() as patched:
        patched.setattr(board_statistics, "TEAMS_COMPARED", 1000)
        statistics_compute(board_id=board.pk)
    whole = told(board)
    for each in order:
        assert found[each][:2] == pytest.approx(whole[each][:2])


def test_all_get_theirs_a_few_at_a_time(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    statistics_compute(board_id=board.pk)
    assert len(told(board)) == COMPARED + AT_ONCE
    assert not methods(boards=[board.pk])[board.pk].is_current
    assert settle(board) == 2
    assert methods(boards=[board.pk])[board.pk].is_current
    require_whole(board, monkeypatch)


def test_nothing_is_drawn_twice(board: Board) -> None:
    settle(board)
    before = set(StandingStatistics.objects.filter(band=None).values_list("pk", flat=True))
    BoardStatistics.objects.filter(pk=board.pk).update(changes=1000)
    assert settle(board) == 1
    assert set(StandingStatistics.objects.filter(band=None).values_list("pk", flat=True)) == before


def test_teams_climb_and_fall(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(board)
    last = Standing.objects.get(board=board, submission_id=in_order(board)[-1])
    climbed = hand_in(last.team, 50, 0.01)
    settle(board)
    assert in_order(board)[0] == climbed
    require_whole(board, monkeypatch)


def test_a_better_one_below_the_compared(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(board)
    last = Standing.objects.get(board=board, submission_id=in_order(board)[-1])
    better = hand_in(last.team, 51, 0.45)
    settle(board)
    assert last.submission_id not in told(board)
    assert better in told(board)
    require_whole(board, monkeypatch)


def test_new_labels_leave_nothing_of_the_old(competition: Competition, board: Board) -> None:
    settle(board)
    labels_publish(competition, b"mended labels")
    new = hand_in(new_team(competition), 60, 0.01)
    settle(board)
    assert set(told(board)) == {new}


def test_those_without_losses_keep_nobody_waiting(competition: Competition, board: Board) -> None:
    numbers = {enter(new_team(competition), 0.5 - number / 1000) for number in range(4)}
    settle(board)
    assert set(told(board)) == set(in_order(board)) - numbers


def test_the_page_shows_an_interval_and_no_band(competition: Competition, board: Board) -> None:
    settle(board)
    page = Client().get(f"/competitions/{competition.slug}/leaderboard/").text
    assert page.count('class="interval"') == TEAMS
    assert page.count('class="band"') == COMPARED
    rows = Client().get(f"/api/v1/competitions/{competition.slug}/leaderboard").json()
    bands = [row["certainty"]["band"] for row in rows["boards"][0]["rows"]]
    assert [band is None for band in bands] == [False] * COMPARED + [True] * (TEAMS - COMPARED)
