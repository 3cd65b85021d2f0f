"""Many tests at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def holm(p_values: NDArray[np.floating[Any]]) -> Floats:
    """The p-values [k] adjusted by the step-down method of Holm (1979), in the order given.

    Rejecting where the adjusted value is at most a level keeps the probability of any false
    rejection among all k at or below that level, whatever the dependence of the tests.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(count, 0, -1))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
