"""The figures of a board, for each kind of metric."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.losses_file import ValueOf
from minigiants.leaderboards.statistics.figures import (
    Resampled,
    Sample,
    comparison_of,
    figures_of,
)

RANDOM = np.random.default_rng(11)
BASE = RANDOM.gamma(2.0, size=300)
BYTES = RANDOM.integers(50, 4096, size=300).astype(np.float32)


def losses(*shifts: float) -> np.ndarray:
    """Models that differ from each other by little noise and these shifts."""
    noise = np.random.default_rng(3).normal(0, 0.05, size=(len(shifts), 300))
    shifted = BASE + noise - noise.mean(axis=1, keepdims=True) + np.array(shifts)[:, None]
    table: np.ndarray = shifted.astype(np.float32)
    return table


def test_language_models_are_compared_by_document_and_weighed_by_bytes() -> None:
    found = figures_of(
        Sample(losses(0, 0.03, 0.06), BYTES, ValueOf.MEAN), higher_is_better=False, seed=1
    )
    weighted = np.average(losses(0, 0.03, 0.06), axis=1, weights=BYTES)
    assert (found.low < weighted).all()
    assert (weighted < found.high).all()
    assert found.differences[0, 2] == pytest.approx(weighted[2] - weighted[0], rel=1e-4)
    # The intervals overlap by far; only in pairs do the models differ.
    assert found.high[0] > found.low[2]
    assert found.order.bands.tolist() == [1, 2, 3]
    assert (found.interval_method, found.test_method) == (
        "studentised_bootstrap",
        "paired_bootstrap",
    )


def test_a_root_mean_has_its_interval_and_differences_in_its_own_unit() -> None:
    squared = losses(0, 0.5) ** 2
    found = figures_of(Sample(squared, None, ValueOf.ROOT_MEAN), higher_is_better=False, seed=1)
    values = np.sqrt(squared.mean(axis=1))
    assert (found.low < values).all()
    assert (values < found.high).all()
    assert found.differences[0, 1] == pytest.approx(values[1] - values[0], rel=1e-4)


def test_right_and_wrong_is_tested_exactly() -> None:
    wrong = (np.random.default_rng(1).random((2, 200)) < 0.2).astype(np.float32)
    sample = Sample(wrong, None, ValueOf.ONE_MINUS_MEAN)
    found = figures_of(sample, higher_is_better=True, seed=1)
    assert (found.interval_method, found.resamples) == ("wilson", None)
    right = 1 - wrong.mean(axis=1)
    assert (found.low < right).all()
    assert (right < found.high).all()
    # The same as gains, of a metric that is their mean: nothing but the direction changes.
    gains = figures_of(Sample(1 - wrong, None, ValueOf.MEAN), higher_is_better=True, seed=1)
    assert gains.low == pytest.approx(found.low)
    assert gains.p_values == pytest.approx(found.p_values)
    assert gains.differences == pytest.approx(found.differences)


def test_what_does_not_decompose_is_compared_by_its_resamples() -> None:
    noise = np.random.default_rng(2).normal(0, 0.02, size=1000)
    resampled = np.stack([0.9 + noise, 0.895 + noise * 1.05, 0.8 + noise])
    sample = Resampled(np.array([0.9, 0.895, 0.8]), resampled, examples=500, seed=7)
    found = figures_of(sample, higher_is_better=True, seed=1)
    assert (found.interval_method, found.seed) == ("percentile_bootstrap", 7)
    assert found.low[0] == pytest.approx(0.9 - 1.96 * 0.02, abs=0.006)
    assert found.differences[0, 2] == pytest.approx(0.1)
    assert found.order.bands.tolist() == [1, 2, 3]
    lower = figures_of(
        Resampled(-sample.values, -resampled, examples=500, seed=7),
        higher_is_better=False,
        seed=1,
    )
    assert lower.p_values == pytest.approx(found.p_values)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_pair_alone_is_compared_as_on_a_board_of_two(seed: int) -> None:
    table = np.random.default_rng(seed).gamma(1.0, size=(2, 60)).astype(np.float32)
    for sample in (
        Sample(table, None, ValueOf.MEAN),
        Sample((table > 1).astype(np.float32), None, ValueOf.ONE_MINUS_MEAN),
    ):
        board = figures_of(sample, higher_is_better=False, seed=seed, resamples=100)
        pair = comparison_of(sample, higher_is_better=False, seed=seed, resamples=100)
        assert pair.difference.p_value == pytest.approx(board.p_values[0, 1])
        assert pair.difference.value == pytest.approx(board.differences[0, 1])
        assert pair.method == board.test_method
