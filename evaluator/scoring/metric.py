"""What an implementation of a metric consists of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Predictions = NDArray[np.floating[Any]]
Truth = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is computed. What it is called and means stands in `evaluator.metrics`.

    `value` maps the predictions and labels of one split to the score; `losses` maps those of the
    whole test set to a float array [n], one loss an example, 0 being perfect. A metric that does
    not decompose has none. If the metric needs probabilities, both get rows that sum to 1.
    """

    value: Callable[[Predictions, Truth], float]
    losses: Callable[[Predictions, Truth], NDArray[np.floating[Any]]] | None = None
