"""What is computed of boards: stored whole, of the latest state, and never for the wrong row."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from django.db import connections
from django.utils import timezone

from minigiants.competitions.models import Competition
from minigiants.leaderboards.board_statistics import (
    ASKED_AGAIN_AFTER,
    statistics_ask,
    statistics_compute,
    statistics_store,
)
from minigiants.leaderboards.models import (
    Board,
    BoardStatistics,
    Evidence,
    Standing,
    StandingStatistics,
)
from minigiants.leaderboards.statistics_selectors import certainties, methods
from tests.minigiants.leaderboards.entering import enter, new_team
from tests.support.evidence import (
    competition_with_labels,
    enter_losses,
    labels_publish,
    losses_blob,
    wrong_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def competition() -> Competition:
    return competition_with_labels()


def public_board(competition: Competition) -> Board:
    return Board.objects.get(
        competition=competition, division__slug="nano", split=Board.Split.PUBLIC
    )


def test_two_that_differ_and_two_that_do_not(competition: Competition) -> None:
    good, twin, bad = wrong_of(1, 0.1), wrong_of(1, 0.11), wrong_of(3, 0.4)
    names = [enter_losses(new_team(competition), wrong)[0] for wrong in (good, twin, bad)]
    board = public_board(competition)
    assert statistics_compute(board_id=board.pk)
    known = certainties(boards=[board.pk], submissions=names)
    first, second, third = (known[(board.pk, name)] for name in names)
    assert (first.band, second.band, third.band) == (1, 1, 2)
    assert (first.lowest_rank, first.highest_rank) == (1, 2)
    assert (third.lowest_rank, third.highest_rank) == (3, 3)
    assert first.low < 1 - good.mean() < first.high
    assert first.behind_leader is None
    assert third.behind_leader == pytest.approx(bad.mean() - good.mean())
    assert third.leader_p_value is not None
    assert third.leader_p_value < 1e-6
    method = methods(boards=[board.pk])[board.pk]
    assert (method.interval_method, method.test_method) == ("wilson", "exact_mcnemar")
    assert method.interval_title == "Wilson score interval"
    assert method.test_title == "exact McNemar test"
    assert (method.examples, method.resamples, method.seed) == (400, None, None)
    assert method.is_current


def test_the_same_board_gives_the_same_figures(competition: Competition) -> None:
    random = np.random.default_rng(5)
    for _ in range(3):
        enter_losses(new_team(competition), random.random(60))
    board = public_board(competition)

    def figures() -> list[tuple[object, ...]]:
        assert statistics_compute(board_id=board.pk)
        fields = ("submission_id", "low", "high", "band", "next_p_value")
        return list(board.standing_statistics.order_by("low").values_list(*fields))

    assert figures() == figures()
    method = methods(boards=[board.pk])[board.pk]
    assert (method.interval_method, method.resamples) == ("studentised_bootstrap", 1000)
    assert method.seed is not None


def test_the_private_board_has_figures_of_its_own(competition: Competition) -> None:
    name, _ = enter_losses(new_team(competition), wrong_of(1, 0.1), wrong_of(2, 0.3))
    board = Board.objects.get(split=Board.Split.PRIVATE)
    statistics_compute(board_id=board.pk)
    row = StandingStatistics.objects.get(board=board, submission_id=name)
    assert row.low < 1 - wrong_of(2, 0.3).mean() < row.high < 0.85


def test_a_number_alone_has_no_interval(competition: Competition) -> None:
    name = enter(new_team(competition), 0.9)
    board = public_board(competition)
    assert statistics_compute(board_id=board.pk)
    assert certainties(boards=[board.pk], submissions=[name]) == {}
    assert methods(boards=[board.pk]) == {}


def test_what_was_scored_on_other_labels_is_not_compared(competition: Competition) -> None:
    old, _ = enter_losses(new_team(competition), wrong_of(1, 0.1))
    labels_publish(competition, b"mended labels")
    new, _ = enter_losses(new_team(competition), wrong_of(2, 0.2, examples=500))
    board = public_board(competition)
    statistics_compute(board_id=board.pk)
    known = certainties(boards=[board.pk], submissions=[old, new])
    assert set(known) == {(board.pk, new)}


def test_losses_of_another_length_are_left_out(
    competition: Competition,
) -> None:
    good, _ = enter_losses(new_team(competition), wrong_of(1, 0.1))
    odd, _ = enter_losses(new_team(competition), wrong_of(1, 0.5, examples=10))
    board = public_board(competition)
    assert statistics_compute(board_id=board.pk)
    assert set(certainties(boards=[board.pk], submissions=[good, odd])) == {(board.pk, good)}


def test_a_new_best_is_not_shown_with_the_figures_of_the_old_one(
    competition: Competition,
) -> None:
    team = new_team(competition)
    enter_losses(team, wrong_of(1, 0.3))
    board = public_board(competition)
    statistics_compute(board_id=board.pk)
    better, _ = enter_losses(team, wrong_of(2, 0.1))
    assert Standing.objects.get(board=board).submission_id == better
    assert certainties(boards=[board.pk], submissions=[better]) == {}
    assert not methods(boards=[board.pk])[board.pk].is_current


def test_a_late_computation_never_replaces_a_newer_one(competition: Competition) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.3))
    board = public_board(competition)
    late = BoardStatistics.objects.get(board=board).changes
    enter_losses(new_team(competition), wrong_of(2, 0.1))
    assert statistics_compute(board_id=board.pk)
    assert StandingStatistics.objects.filter(board=board).count() == 2
    stored = statistics_store(board_id=board.pk, version=late, told=BoardStatistics(), rows=[])
    assert not stored
    assert StandingStatistics.objects.filter(board=board).count() == 2
    assert methods(boards=[board.pk])[board.pk].is_current


def test_a_board_is_asked_for_once_until_its_figures_are_stored(
    competition: Competition,
) -> None:
    for seed in range(3):
        enter_losses(new_team(competition), wrong_of(seed, 0.3))
    boards = set(Board.objects.values_list("pk", flat=True))
    assert set(statistics_ask()) == boards
    assert statistics_ask() == []
    board = public_board(competition)
    statistics_compute(board_id=board.pk)
    assert statistics_ask() == []
    enter_losses(new_team(competition), wrong_of(7, 0.3))
    # The private board is still being worked on, as far as anybody knows.
    assert statistics_ask() == [board.pk]
    lost = timezone.now() - ASKED_AGAIN_AFTER - timedelta(seconds=1)
    BoardStatistics.objects.update(asked_at=lost)
    assert set(statistics_ask()) == boards


def test_whatever_moves_a_standing_makes_figures_due(competition: Competition) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.3))
    for board in Board.objects.all():
        statistics_compute(board_id=board.pk)
    assert statistics_ask() == []
    Standing.objects.filter(board__split="public").delete()
    assert statistics_ask() == [public_board(competition).pk]


def test_losses_scored_anew_make_figures_due_even_where_the_score_is_the_same(
    competition: Competition,
) -> None:
    name, _ = enter_losses(new_team(competition), wrong_of(1, 0.3))
    board = public_board(competition)
    statistics_compute(board_id=board.pk)
    Evidence.objects.filter(submission_id=name).update(
        losses_digest=losses_blob(wrong_of(1, 0.3)[::-1])
    )
    assert board.pk in statistics_ask()


def test_a_board_that_is_gone_stays_gone(competition: Competition) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.3))
    board = public_board(competition)
    board.delete()
    assert not BoardStatistics.objects.filter(board_id=board.pk).exists()
    assert not statistics_compute(board_id=board.pk)


@pytest.mark.django_db(transaction=True)
def test_computations_at_once_leave_one_whole_result() -> None:
    competition = competition_with_labels()
    for seed in range(4):
        enter_losses(new_team(competition), wrong_of(seed, 0.3))
    board = public_board(competition)

    def work(number: int) -> None:
        try:
            if number == 2:
                enter_losses(new_team(competition), wrong_of(9, 0.2))
            statistics_compute(board_id=board.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(6)))
    statistics_compute(board_id=board.pk)
    row = BoardStatistics.objects.get(board=board)
    assert row.computed == row.changes
    standings = set(Standing.objects.filter(board=board).values_list("submission_id", flat=True))
    known = StandingStatistics.objects.filter(board=board)
    assert set(known.values_list("submission_id", flat=True)) == standings
    assert known.count() == 5
