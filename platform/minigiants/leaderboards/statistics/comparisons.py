"""Paired tests of all models against each other, and of one against another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from minigiants.leaderboards.statistics.intervals import CONFIDENCE
from minigiants.leaderboards.statistics.resampling import Floats, Losses


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Every model against every other.

    `differences` [T, T] holds at [i, j] how much worse j is than i; `p_values` [T, T] the
    two-sided probabilities of a difference at least as great between equals.
    """

    differences: Floats
    p_values: Floats


@dataclass(frozen=True, slots=True)
class Difference:
    """How much worse the second of two models is, with a 95 % interval and a two-sided p-value."""

    value: float
    low: float
    high: float
    p_value: float


def exact_pairs(wrong: NDArray[np.bool_]) -> Pairs:
    """Of models that are right or wrong on each example [T, n]: McNemar's test in its exact form.

    Of the examples on which just one of the two is wrong, each is as likely to be either's
    (McNemar 1947): a binomial test. Differences are those of the error rates.
    """
    flags = wrong.astype(np.float32)  # sums below 2^24 are exact
    both = (flags @ flags.T).astype(np.float64)
    alone = np.diagonal(both)[:, None] - both  # at [i, j]: i is wrong, j is right
    return Pairs(differences=(alone.T - alone) / wrong.shape[1], p_values=_mcnemar(alone, alone.T))


def _mcnemar(one: Floats, other: Floats) -> Floats:
    discordant = one + other
    tail = special.bdtr(np.minimum(one, other), discordant.astype(np.int64), 0.5)
    p_values: Floats = np.minimum(2 * np.where(discordant == 0, 0.5, tail), 1.0)
    return p_values


def bootstrap_pairs(values: Floats, resampled: Floats, examples: float) -> Pairs:
    """Of models that were resampled with common draws: `values` [T] and `resampled` [T, R].

    The difference divided by its bootstrap standard error is held against Student's t
    distribution: with R resamples no quantile can be told that is as far out as many tests at
    once need. Degrees of freedom are one less than the fewer of `examples` (of those that weigh
    unequally, the effective number) and resamples, since the standard error is known only so
    well. No p-value is below what the signs of as many differences can tell.
    """
    centred = resampled - resampled.mean(axis=1, keepdims=True)
    count = resampled.shape[1]
    products = centred @ centred.T / (count - 1)
    spread = np.diagonal(products)
    variances = np.maximum(spread[:, None] + spread[None, :] - 2 * products, 0.0)
    # What is left of equal numbers after subtraction is rounding, not spread.
    variances[variances <= 1e-12 * (spread[:, None] + spread[None, :])] = 0.0
    differences = values[None, :] - values[:, None]
    errors = np.sqrt(variances) * _unbiased(examples)
    return Pairs(
        differences=differences,
        p_values=_student(differences, errors, min(examples, count) - 1, examples),
    )


def _unbiased(examples: float) -> float:
    """A bootstrap divides by n where a standard error divides by n - 1."""
    return float(np.sqrt(examples / (examples - 1))) if examples > 1 else np.inf


def _student(differences: Floats, errors: Floats, freedom: float, examples: float) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.abs(differences) / errors
    ratios = np.where(np.isnan(ratios), 0.0, ratios)
    least = 2.0 ** max(1 - examples, -1000)
    p_values: Floats = np.clip(2 * special.stdtr(freedom, -ratios), least, 1.0)
    return p_values


def exact_difference(wrong: NDArray[np.bool_]) -> Difference:
    """Two models that are right or wrong on each example: `wrong` [2, n].

    The interval is that of Clopper and Pearson (1934) given how many examples tell the two apart:
    it holds 0 exactly where the test finds nothing.
    """
    pairs = exact_pairs(wrong)
    examples = wrong.shape[1]
    worse = int((wrong[1] & ~wrong[0]).sum())
    discordant = worse + int((wrong[0] & ~wrong[1]).sum())
    outside = (1 - CONFIDENCE) / 2
    low = special.betaincinv(worse, discordant - worse + 1, outside) if worse else 0.0
    high = (
        special.betaincinv(worse + 1, discordant - worse, 1 - outside)
        if worse < discordant
        else 1.0
    )
    return Difference(
        value=float(pairs.differences[0, 1]),
        low=float((2 * low - 1) * discordant / examples),
        high=float((2 * high - 1) * discordant / examples),
        p_value=float(pairs.p_values[0, 1]),
    )


def bootstrap_difference(values: Floats, resampled: Floats, examples: float) -> Difference:
    """Two models that were resampled with common draws: `values` [2] and `resampled` [2, R].

    The test is that of `bootstrap_pairs`, the interval the one that belongs to it.
    """
    pairs = bootstrap_pairs(values, resampled, examples)
    error = float((resampled[1] - resampled[0]).std(ddof=1)) * _unbiased(examples)
    freedom = min(examples, resampled.shape[1]) - 1
    half = error * float(special.stdtrit(freedom, 0.5 + CONFIDENCE / 2))
    value = float(pairs.differences[0, 1])
    return Difference(value, value - half, value + half, float(pairs.p_values[0, 1]))


def is_right_or_wrong(losses: Losses, weights: Losses | None) -> bool:
    """Whether each loss says nothing but right (0) or wrong (1), and each weighs the same."""
    return weights is None and bool(((losses == 0) | (losses == 1)).all())
