"""Paired tests: exact cases, what must not matter, and what has to follow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from minigiants.leaderboards.statistics.comparisons import (
    bootstrap_difference,
    bootstrap_pairs,
    exact_difference,
    exact_pairs,
    is_right_or_wrong,
)
from minigiants.leaderboards.statistics.resampling import bootstrap

SEEDS = st.integers(0, 2**32 - 1)


def flags(seed: int, models: int = 4, examples: int = 80) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.random((models, examples)) < random.random((models, 1))


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_mcnemar_is_scipys_binomial_test(seed: int) -> None:
    wrong = flags(seed)
    pairs = exact_pairs(wrong)
    for one in range(4):
        for other in range(4):
            alone = int((wrong[one] & ~wrong[other]).sum())
            discordant = int((wrong[one] ^ wrong[other]).sum())
            due = stats.binomtest(alone, discordant).pvalue if discordant else 1.0
            assert pairs.p_values[one, other] == pytest.approx(due)
    assert pairs.differences[0, 1] == pytest.approx(wrong[1].mean() - wrong[0].mean())


def test_mcnemar_stays_exact_with_many_examples() -> None:
    wrong = np.zeros((2, 100_000), dtype=bool)
    wrong[0, :60_000], wrong[1, 500:61_000] = True, True
    assert exact_pairs(wrong).p_values[0, 1] == pytest.approx(
        stats.binomtest(500, 1500).pvalue, rel=1e-6
    )


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, order=st.permutations(range(80)))
def test_the_order_of_examples_does_not_matter(seed: int, order: list[int]) -> None:
    wrong = flags(seed)
    one, other = exact_pairs(wrong), exact_pairs(wrong[:, order])
    assert (one.p_values == other.p_values).all()


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS)
def test_tests_are_symmetric_and_differences_turn_their_sign(seed: int) -> None:
    losses = np.random.default_rng(seed).gamma(1.0, size=(4, 50)).astype(np.float32)
    found = bootstrap(losses, None, seed=seed, resamples=100)
    for pairs in (
        exact_pairs(flags(seed)),
        bootstrap_pairs(found.means, found.resampled, found.examples),
    ):
        assert pairs.p_values == pytest.approx(pairs.p_values.T)
        assert pairs.differences == pytest.approx(-pairs.differences.T)
        assert np.diagonal(pairs.p_values).tolist() == [1.0] * 4


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, gap=st.floats(0.01, 1), more=st.floats(0.01, 1))
def test_a_greater_difference_is_not_less_significant(seed: int, gap: float, more: float) -> None:
    random = np.random.default_rng(seed)
    base = random.normal(size=60)
    noise = random.normal(size=60)
    noise -= noise.mean()
    losses = np.stack([base, base + noise + gap, base + noise + gap + more]).astype(np.float32)
    found = bootstrap(losses, None, seed=seed, resamples=100)
    p_values = bootstrap_pairs(found.means, found.resampled, 60).p_values
    assert p_values[0, 2] <= p_values[0, 1] * (1 + 1e-6)


def test_the_bootstrap_test_agrees_with_students_on_many_resamples() -> None:
    random = np.random.default_rng(1)
    base = random.normal(size=400)
    losses = np.stack([base, base + random.normal(0.1, 1, size=400)]).astype(np.float32)
    found = bootstrap(losses, None, seed=2, resamples=4000)
    ours = bootstrap_pairs(found.means, found.resampled, 400).p_values[0, 1]
    theirs = stats.ttest_rel(*losses).pvalue
    assert ours == pytest.approx(theirs, rel=0.15)


def test_only_a_paired_test_sees_a_small_difference_between_alike_models() -> None:
    random = np.random.default_rng(3)
    base = random.gamma(2, size=300)
    losses = np.stack([base, base + random.normal(0.02, 0.05, size=300)]).astype(np.float32)
    found = bootstrap(losses, None, seed=4)
    assert bootstrap_pairs(found.means, found.resampled, 300).p_values[0, 1] < 1e-6
    assert stats.ttest_ind(*losses).pvalue > 0.5


def test_equal_models_do_not_differ_and_few_examples_never_tell_much() -> None:
    same = np.random.default_rng(1).gamma(1.0, size=(1, 30)).repeat(2, axis=0).astype(np.float32)
    found = bootstrap(same, None, seed=1)
    assert bootstrap_pairs(found.means, found.resampled, 30).p_values[0, 1] == 1.0
    constant = np.stack([np.zeros(5), np.ones(5)]).astype(np.float32)
    found = bootstrap(constant, None, seed=1)
    assert bootstrap_pairs(found.means, found.resampled, 5).p_values[0, 1] == 2**-4


@settings(max_examples=50, deadline=None)
@given(seed=SEEDS)
def test_an_interval_holds_zero_exactly_where_the_test_finds_nothing(seed: int) -> None:
    wrong = flags(seed, models=2)
    losses = np.random.default_rng(seed).gamma(1.0, size=(2, 40)).astype(np.float32)
    losses[1] += 0.4
    found = bootstrap(losses, None, seed=seed, resamples=200)
    for difference in (
        exact_difference(wrong),
        bootstrap_difference(found.means, found.resampled, 40),
    ):
        assert difference.low <= difference.value <= difference.high
        assert (difference.low <= 0 <= difference.high) == (difference.p_value > 0.05)


def test_what_is_right_or_wrong() -> None:
    assert is_right_or_wrong(np.array([[0.0, 1.0]]), None)
    assert not is_right_or_wrong(np.array([[0.0, 0.5]]), None)
    assert not is_right_or_wrong(np.array([[0.0, 1.0]]), np.array([1.0, 2.0]))
