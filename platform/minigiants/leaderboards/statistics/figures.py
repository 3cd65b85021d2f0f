"""All figures of one board: from what its models lost, to intervals, tie bands and ranks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.losses_file import ValueOf
from minigiants.leaderboards.statistics.comparisons import (
    Difference,
    Pairs,
    bootstrap_difference,
    bootstrap_pairs,
    exact_difference,
    exact_pairs,
    is_right_or_wrong,
)
from minigiants.leaderboards.statistics.intervals import mapped, percentile, studentised, wilson
from minigiants.leaderboards.statistics.methods import IntervalMethod, PairMethod
from minigiants.leaderboards.statistics.ranking import Order, adjusted_pairs, order_of
from minigiants.leaderboards.statistics.resampling import RESAMPLES, Floats, Losses, bootstrap


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What T models did on one test set: `losses` [T, n], `weights` [n] unless all weigh the same.

    `value_of` makes the metric's value of a mean loss.
    """

    losses: Losses
    weights: Losses | None
    value_of: ValueOf

    @property
    def examples(self) -> int:
        """The n."""
        return int(self.losses.shape[1])

    @property
    def effective_examples(self) -> float:
        """How many examples of equal weight would tell as much of the noise: n without weights.

        That is how well a standard error is known: Satterthwaite's degrees of freedom (1946) of
        Σ weight² · difference², (Σ weight²)² / Σ weight⁴.
        """
        if self.weights is None:
            return float(self.examples)
        squares = (self.weights / self.weights.mean(dtype=np.float64)) ** 2
        return float(squares.sum() ** 2 / (squares**2).sum())

    def are_gains(self, *, higher_is_better: bool) -> bool:
        """Whether more is better: an organizer's metric may be the mean of what it calls losses."""
        return higher_is_better and self.value_of is ValueOf.MEAN


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A metric that does not decompose: its `values` [T], and `resampled` [T, R] by one seed."""

    values: Floats
    resampled: Floats
    examples: int
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What is told of T models in the board's order.

    `low` and `high` [T] bound the intervals of their scores. `differences` [T, T] holds at [i, j]
    how much worse j is than i, in the metric's unit; `p_values` [T, T] are adjusted for all pairs.
    `resamples` and `seed` are None where nothing was drawn.
    """

    low: Floats
    high: Floats
    order: Order
    differences: Floats
    p_values: Floats
    interval_method: IntervalMethod
    test_method: PairMethod
    examples: int
    resamples: int | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much worse the second of two models is than the first, and how that was found.

    `resamples` and `seed` are None where nothing was drawn.
    """

    difference: Difference
    method: PairMethod
    examples: int
    resamples: int | None
    seed: int | None


def figures_of(
    found: Sample | Resampled, *, higher_is_better: bool, seed: int, resamples: int = RESAMPLES
) -> Figures:
    """The figures of a board's models. Reproducible. Raises ValueError for a single example."""
    if isinstance(found, Resampled):
        values, resampled = _turned(found.values, found.resampled, higher_is_better)
        return _figures(
            percentile(found.resampled),
            bootstrap_pairs(values, resampled, found.examples),
            IntervalMethod.PERCENTILE,
            PairMethod.BOOTSTRAP,
            found.examples,
            (found.resampled.shape[1], found.seed),
        )
    if is_right_or_wrong(found.losses, found.weights):
        return _figures(
            _wilson(found),
            exact_pairs(_wrong(found, higher_is_better=higher_is_better)),
            IntervalMethod.WILSON,
            PairMethod.MCNEMAR,
            found.examples,
            None,
        )
    drawn = bootstrap(found.losses, found.weights, seed=seed, resamples=resamples)
    values, resampled = _turned(
        found.value_of(drawn.means), found.value_of(drawn.resampled), higher_is_better
    )
    return _figures(
        mapped(studentised(drawn), found.value_of),
        bootstrap_pairs(values, resampled, found.effective_examples),
        IntervalMethod.STUDENTISED,
        PairMethod.BOOTSTRAP,
        found.examples,
        (resamples, seed),
    )


def bounds_of(
    found: Sample | Resampled, *, seed: int, resamples: int = RESAMPLES
) -> tuple[Floats, Floats]:
    """The intervals alone, as `figures_of` tells them of the same models with the same seed."""
    if isinstance(found, Resampled):
        return percentile(found.resampled)
    if is_right_or_wrong(found.losses, found.weights):
        return _wilson(found)
    drawn = bootstrap(found.losses, found.weights, seed=seed, resamples=resamples)
    return mapped(studentised(drawn), found.value_of)


def comparison_of(
    found: Sample | Resampled, *, higher_is_better: bool, seed: int, resamples: int = RESAMPLES
) -> Comparison:
    """Two models against each other. See `figures_of`."""
    if isinstance(found, Resampled):
        values, resampled = _turned(found.values, found.resampled, higher_is_better)
        drawn = resampled.shape[1], found.seed
    elif is_right_or_wrong(found.losses, found.weights):
        exact = exact_difference(_wrong(found, higher_is_better=higher_is_better))
        return Comparison(exact, PairMethod.MCNEMAR, found.examples, None, None)
    else:
        means = bootstrap(found.losses, found.weights, seed=seed, resamples=resamples)
        values, resampled = _turned(
            found.value_of(means.means), found.value_of(means.resampled), higher_is_better
        )
        drawn = resamples, seed
    told_by = found.effective_examples if isinstance(found, Sample) else found.examples
    difference = bootstrap_difference(values, resampled, told_by)
    return Comparison(difference, PairMethod.BOOTSTRAP, found.examples, *drawn)


def _figures(
    bounds: tuple[Floats, Floats],
    pairs: Pairs,
    interval_method: IntervalMethod,
    test_method: PairMethod,
    examples: int,
    drawn: tuple[int, int] | None,
) -> Figures:
    p_values = adjusted_pairs(pairs.p_values)
    return Figures(
        low=bounds[0],
        high=bounds[1],
        order=order_of(pairs.differences, p_values),
        differences=pairs.differences,
        p_values=p_values,
        interval_method=interval_method,
        test_method=test_method,
        examples=examples,
        resamples=drawn[0] if drawn else None,
        seed=drawn[1] if drawn else None,
    )


def _wilson(found: Sample) -> tuple[Floats, Floats]:
    bounds = wilson(found.losses.sum(axis=1, dtype=np.float64), found.examples)
    return mapped(bounds, found.value_of)


def _wrong(found: Sample, *, higher_is_better: bool) -> NDArray[np.bool_]:
    gains = found.are_gains(higher_is_better=higher_is_better)
    wrong: NDArray[np.bool_] = (found.losses == 0) if gains else (found.losses != 0)
    return wrong


def _turned(values: Floats, resampled: Floats, higher_is_better: bool) -> tuple[Floats, Floats]:  # noqa: FBT001
    """Both so that smaller is better."""
    return (-values, -resampled) if higher_is_better else (values, resampled)
