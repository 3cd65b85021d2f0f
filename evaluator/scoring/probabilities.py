"""Predictions that claim to be probabilities are held to it.

A metric such as log loss rewards rows that sum to more than 1, so an unchecked model could beat
it without knowing anything.
"""

from typing import Final

import numpy as np

from evaluator.scoring.metric import Floats
from evaluator.tasks.errors import InvalidPredictions

TOLERANCE: Final = 1e-3
"""How far from 1 a row may sum. Rounding in float16 and float32 stays below it."""


def normalised(predictions: Floats) -> Floats:
    """The same rows in float64, their rounding removed so that each sums to 1.

    Raises `InvalidPredictions` with the reason `unnormalised`.
    """
    rows = predictions.astype(np.float64)
    if (rows < 0).any():
        raise InvalidPredictions("unnormalised", "Probabilities must not be negative.")
    with np.errstate(over="ignore"):  # a sum that overflows is far from 1 as well
        sums = rows.sum(axis=1, keepdims=True)
    worst = float(np.abs(sums - 1).max(initial=0.0))
    if not worst <= TOLERANCE:
        raise InvalidPredictions(
            "unnormalised",
            f"Each row must sum to 1 within {TOLERANCE:g}; the worst is off by {worst:.3g}.",
        )
    divided: Floats = rows / sums
    return divided
