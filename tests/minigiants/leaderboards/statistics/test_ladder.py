"""The Ladder's step, by hand and against what must not matter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.losses_file import ValueOf
from minigiants.leaderboards.statistics.figures import Sample
from minigiants.leaderboards.statistics.ladder import climbs, ladder_step


def sample(best: list[float], candidate: list[float]) -> Sample:
    losses = np.array([best, candidate], dtype=np.float32)
    return Sample(losses, None, ValueOf.ONE_MINUS_MEAN)


def test_the_step_is_one_standard_error_of_the_difference() -> None:
    best, candidate = np.array([0, 0, 1, 1.0]), np.array([0, 0, 0, 1.0])
    # Differences 0, 0, -1, 0: standard deviation 0.5, of the mean 0.25.
    assert ladder_step(best, candidate) == pytest.approx(0.25)
    assert ladder_step(best, candidate, np.full(4, 9.0)) == pytest.approx(0.25)
    assert ladder_step(best, best) == 0
    with pytest.raises(ValueError, match="one example"):
        ladder_step(best[:1], best[:1])


def test_better_by_no_more_than_the_step_is_not_enough() -> None:
    assert not climbs(sample([0, 0, 1, 1], [0, 0, 0, 1]), higher_is_better=True)
    assert climbs(sample([0, 0, 1, 1], [0, 0, 0, 0]), higher_is_better=True)
    assert not climbs(sample([0, 0, 1, 1], [0, 0, 1, 1]), higher_is_better=True)


def test_a_mean_of_which_more_is_better_climbs_upwards() -> None:
    gains = np.array([[0, 0, 1, 1], [1, 1, 1, 1]], dtype=np.float32)
    assert climbs(Sample(gains, None, ValueOf.MEAN), higher_is_better=True)
    assert not climbs(Sample(gains, None, ValueOf.MEAN), higher_is_better=False)


@given(seed=st.integers(0, 2**32 - 1))
def test_who_climbs_does_not_depend_on_the_order_of_examples(seed: int) -> None:
    random = np.random.default_rng(seed)
    best, candidate = random.random((2, 40))
    order = random.permutation(40)
    one = climbs(sample(list(best), list(candidate)), higher_is_better=True)
    other = climbs(sample(list(best[order]), list(candidate[order])), higher_is_better=True)
    assert one == other
    # Two can't both be better than the other.
    assert not (one and climbs(sample(list(candidate), list(best)), higher_is_better=True))


EXAMPLES, TRIES = 700, 400


def boost(*, has_ladder: bool) -> tuple[float, float]:
    """Attack a board with random answers: keep those that it calls better, and let them vote.

    The boosting attack (Blum and Hardt 2015, section 1). Returns the error that the board shows
    of the vote, and the vote's error on the private split, of which nothing was learnt.
    """
    random = np.random.default_rng(2015)
    labels = random.integers(0, 2, (2, EXAMPLES))
    rung: list[float] | None = None
    chosen = []
    for answer in random.integers(0, 2, (TRIES, 2, EXAMPLES)):
        wrong = list((answer[0] != labels[0]).astype(float))
        if not has_ladder:
            is_better = np.mean(wrong) < 0.5  # a raw board tells of each what it is worth
        else:
            is_better = rung is None or climbs(sample(rung, wrong), higher_is_better=True)
            rung = wrong if is_better else rung
        if is_better:
            chosen.append(answer)
    vote = (np.mean(chosen, axis=0) > 0.5).astype(int)
    wrong = list((vote[0] != labels[0]).astype(float))
    if rung is not None and not climbs(sample(rung, wrong), higher_is_better=True):
        wrong = rung
    return float(np.mean(wrong)), float((vote[1] != labels[1]).mean())


def test_boosting_random_answers_climbs_a_raw_board_and_no_ladder() -> None:
    raw, raw_truth = boost(has_ladder=False)
    ladder, ladder_truth = boost(has_ladder=True)
    assert raw < 0.36
    assert raw_truth == pytest.approx(0.5, abs=0.05)
    assert ladder > 0.45
    assert ladder_truth == pytest.approx(0.5, abs=0.05)
    # What the board shows of the vote is that much nearer to the truth.
    assert abs(ladder - ladder_truth) < abs(raw - raw_truth) / 2
