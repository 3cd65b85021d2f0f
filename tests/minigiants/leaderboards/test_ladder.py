"""The Ladder as the board has it: what it releases, and what an attacker gets out of it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from django.db import connections

from minigiants.competitions.models import Competition
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.board_statistics import statistics_compute
from minigiants.leaderboards.evidence import evidence_compare
from minigiants.leaderboards.models import (
    BestComparison,
    Board,
    Challenge,
    Evidence,
    Standing,
    StandingStatistics,
)
from minigiants.leaderboards.releases import Scored, score_release
from tests.minigiants.leaderboards.entering import new_team
from tests.support.evidence import (
    competition_with_labels,
    enter_losses,
    wrong_of,
)

pytestmark = pytest.mark.django_db

LADDER = {"rule": "ladder"}


@pytest.fixture
def competition() -> Competition:
    return competition_with_labels(release=LADDER)


def fewer_wrong(wrong: np.ndarray, count: int) -> np.ndarray:
    """The same with `count` mistakes less."""
    better = wrong.copy()
    better[np.flatnonzero(wrong)[:count]] = 0
    return better


def test_a_score_is_released_once_it_is_better_by_a_standard_error(
    competition: Competition,
) -> None:
    team, first = new_team(competition), wrong_of(1, 0.3)
    _, released = enter_losses(team, first)
    assert released.is_released
    assert released.score == pytest.approx(1 - first.mean())
    # One mistake less is just one standard error: sd 1/20 over the square root of 400.
    _, held = enter_losses(team, fewer_wrong(first, 1))
    assert (held.is_released, held.score) == (False, released.score)
    _, worse = enter_losses(team, wrong_of(2, 0.5))
    assert (worse.is_released, worse.score) == (False, released.score)
    _, better = enter_losses(team, fewer_wrong(first, 5))
    assert better.is_released
    assert better.score == pytest.approx(released.score + 5 / 400)
    assert Standing.objects.get(board__split="public").score == pytest.approx(better.score)


def test_a_team_climbs_its_own_ladder(competition: Competition) -> None:
    enter_losses(new_team(competition), wrong_of(1, 0.1))
    _, other = enter_losses(new_team(competition), wrong_of(2, 0.4))
    assert other.is_released


def test_a_fixed_step_rounds_and_needs_no_losses() -> None:
    competition = competition_with_labels(release={"rule": "ladder", "step": 0.05})
    team = new_team(competition)
    shown = []
    for wrong in (0.3, 0.26, 0.24, 0.18):
        losses = np.zeros(100)
        losses[: round(wrong * 100)] = 1
        _, released = enter_losses(team, losses)
        shown.append((round(released.score, 6), released.is_released))
    assert shown == [(0.7, True), (0.7, False), (0.75, True), (0.8, True)]


def test_without_a_step_a_score_without_losses_is_an_error(competition: Competition) -> None:
    team = new_team(competition)
    scored = Scored(
        submission_id=team.pk,
        team=team,
        phase=competition.phases.get(),
        division=competition.divisions.get(slug="nano"),
        score=0.5,
        test_set="x",
        losses_digest="",
    )
    assert competition.current_version
    release = competition.current_version.spec.release
    with pytest.raises(InvalidInput, match="losses"):
        score_release(scored, release=release, higher_is_better=True)


def test_figures_are_as_coarse_as_the_scores_and_tell_no_difference() -> None:
    competition = competition_with_labels(release={"rule": "ladder", "step": 0.05})
    for seed, rate in ((1, 0.1), (2, 0.4)):
        enter_losses(new_team(competition), wrong_of(seed, rate))
    board = Board.objects.get(split="public", division__slug="nano")
    statistics_compute(board_id=board.pk)
    evidence_compare(division_id=board.division_id)
    rows = StandingStatistics.objects.filter(board=board)
    for row in rows:
        for bound in (row.low, row.high):
            assert bound / 0.05 == pytest.approx(round(bound / 0.05))
        assert row.behind_leader is row.leader_p_value is row.next_p_value is None
    assert sorted(row.band or 0 for row in rows) == [1, 2]
    assert not BestComparison.objects.exists()


def test_what_is_held_back_challenges_nothing_and_spends_its_share(
    competition: Competition,
) -> None:
    team = new_team(competition)
    enter_losses(new_team(competition), wrong_of(3, 0.5))
    enter_losses(team, wrong_of(1, 0.3))
    enter_losses(team, fewer_wrong(wrong_of(1, 0.3), 1))
    evidence_compare(division_id=competition.divisions.get(slug="nano").pk)
    last = Challenge.objects.order_by("-number")[0]
    assert (last.number, last.is_record, last.p_value) == (2, False, None)
    assert last.alpha > 0


@pytest.mark.django_db(transaction=True)
def test_scores_that_come_at_once_climb_one_after_the_other() -> None:
    competition = competition_with_labels(release=LADDER)
    team, first = new_team(competition), wrong_of(1, 0.3)
    enter_losses(team, first)
    competition.refresh_from_db()

    def work(number: int) -> None:
        try:
            enter_losses(team, fewer_wrong(first, 10))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    # The first of the equals is released; the others met it.
    assert Evidence.objects.filter(is_released=True).count() == 2
