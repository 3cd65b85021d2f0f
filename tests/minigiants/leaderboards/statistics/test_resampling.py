"""The bootstrap: what it leaves as it is, and what it agrees with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from minigiants.leaderboards.statistics.intervals import (
    mapped,
    percentile,
    studentised,
    wilson,
)
from minigiants.leaderboards.statistics.resampling import bootstrap, seed_of

SEEDS = st.integers(0, 2**32 - 1)


def losses_of(seed: int, models: int = 3, examples: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, size=(models, examples)).astype(np.float32)


def test_a_seed_is_always_the_same_and_fits_a_column() -> None:
    assert seed_of("board", 1) == seed_of("board", 1) != seed_of("board", 2)
    assert 0 <= seed_of("board") < 2**63


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_the_same_arguments_give_the_same_result(seed: int) -> None:
    losses = losses_of(seed)
    one, other = (bootstrap(losses, None, seed=seed, resamples=50) for _ in range(2))
    assert (one.resampled == other.resampled).all()
    assert (one.resampled_errors == other.resampled_errors).all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_equal_weights_are_no_weights(seed: int) -> None:
    losses = losses_of(seed)
    one = bootstrap(losses, None, seed=seed, resamples=50)
    other = bootstrap(losses, np.full(60, 7.0, np.float32), seed=seed, resamples=50)
    assert one.resampled == pytest.approx(other.resampled, rel=1e-5)
    assert one.resampled_errors == pytest.approx(other.resampled_errors, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, factor=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_units_do_not_matter(seed: int, factor: float, shift: float) -> None:
    losses = losses_of(seed)
    one = bootstrap(losses, None, seed=seed, resamples=50)
    other = bootstrap(losses * factor + shift, None, seed=seed, resamples=50)
    assert other.resampled == pytest.approx(one.resampled * factor + shift, rel=1e-4, abs=1e-4)
    assert other.errors == pytest.approx(one.errors * factor, rel=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_each_model_is_resampled_as_if_it_were_alone(seed: int) -> None:
    losses = losses_of(seed)
    together = bootstrap(losses, None, seed=seed, resamples=50)
    alone = bootstrap(losses[1:2], None, seed=seed, resamples=50)
    assert together.resampled[1] == pytest.approx(alone.resampled[0], rel=1e-6)


def test_a_weighted_mean_is_a_ratio_of_sums() -> None:
    losses = losses_of(1, models=1, examples=400)
    weights = np.random.default_rng(2).integers(50, 4096, 400).astype(np.float32)
    found = bootstrap(losses, weights, seed=3, resamples=400)
    assert found.means[0] == pytest.approx((losses[0] * weights).sum() / weights.sum(), rel=1e-6)
    assert found.resampled[0].mean() == pytest.approx(found.means[0], rel=0.01)
    assert found.resampled[0].std() == pytest.approx(found.errors[0], rel=0.1)


def test_the_standard_error_is_that_of_the_mean() -> None:
    losses = losses_of(4, models=1)
    found = bootstrap(losses, None, seed=1, resamples=10)
    assert found.errors[0] == pytest.approx(stats.sem(losses[0]), rel=1e-5)


def test_the_percentile_interval_agrees_with_scipy() -> None:
    losses = losses_of(5, models=1, examples=200)
    low, high = percentile(bootstrap(losses, None, seed=1, resamples=4000).resampled)
    theirs = stats.bootstrap(
        (losses[0],), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert low[0] == pytest.approx(theirs.low, abs=float(0.07 * width))
    assert high[0] == pytest.approx(theirs.high, abs=float(0.07 * width))


def test_the_studentised_interval_of_normal_losses_is_students() -> None:
    losses = np.random.default_rng(6).normal(size=(1, 40)).astype(np.float32)
    low, high = studentised(bootstrap(losses, None, seed=1, resamples=8000))
    theirs = stats.t.interval(0.95, 39, losses[0].mean(), stats.sem(losses[0]))
    assert low[0] == pytest.approx(theirs[0], abs=0.05)
    assert high[0] == pytest.approx(theirs[1], abs=0.05)


def test_losses_without_any_spread_have_an_interval_of_no_width() -> None:
    found = bootstrap(np.full((1, 30), 0.25, np.float32), None, seed=1, resamples=100)
    assert [bound.tolist() for bound in studentised(found)] == [[0.25], [0.25]]


def test_bounds_stay_finite_where_most_resamples_have_no_spread() -> None:
    losses = np.zeros((1, 30), np.float32)
    losses[0, 0] = 3
    low, high = studentised(bootstrap(losses, None, seed=1, resamples=200))
    assert low[0] <= 0.1 <= high[0] < 3


@given(wrong=st.integers(0, 300), examples=st.integers(300, 1000))
def test_wilson_agrees_with_scipy(wrong: int, examples: int) -> None:
    low, high = wilson(np.array([float(wrong)]), examples)
    theirs = stats.binomtest(wrong, examples).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_an_interval_turns_with_its_metric() -> None:
    low, high = mapped((np.array([0.1]), np.array([0.3])), lambda loss: 1 - loss)
    assert (low[0], high[0]) == (0.7, 0.9)


def test_one_example_and_weights_of_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="one example"):
        bootstrap(np.zeros((1, 1), np.float32), None, seed=1)
    with pytest.raises(ValueError, match="positive weight"):
        bootstrap(np.zeros((1, 2), np.float32), np.array([1.0, 0.0]), seed=1)
