"""What an implementation of a metric consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.metrics import Aggregate, MetricInfo

Answers = NDArray[Any]
"""What a model answered, as `TaskType.answers` gives it; the first axis is the examples."""

Truth = NDArray[Any]
"""What is true, as `TaskType.read_labels` gives it; the first axis is the examples."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """A loss for each example, 0 being perfect, and how much the example weighs: float64 [n]."""

    values: Floats
    weights: Floats

    def aggregate(self, info: MetricInfo) -> float:
        """The metric's value over these examples. See `MetricInfo`."""
        mean = float((self.values * self.weights).sum() / self.weights.sum())
        if info.aggregate is Aggregate.ROOT_MEAN:
            return float(np.sqrt(mean))
        return 1 - mean if info.higher_is_better else mean


def equally(values: Floats) -> Losses:
    """Losses of examples that weigh the same."""
    return Losses(values.astype(np.float64), np.ones(len(values)))


@dataclass(frozen=True, slots=True)
class Decomposing:
    """A metric whose value follows from a loss for each example.

    `losses` maps answers, truth and the metric's parameters to the losses. If the metric needs
    probabilities, the answers are rows that sum to 1.
    """

    losses: Callable[[Answers, Truth, Mapping[str, int]], Losses]


@dataclass(frozen=True, slots=True)
class Joint:
    """A metric that exists only for a set of examples.

    `value` maps answers and truth to it, and raises ValueError where it is not defined.
    """

    value: Callable[[Answers, Truth], float]


Metric = Decomposing | Joint
"""How a metric is computed. What it is called and means stands in `evaluator.metrics`."""
