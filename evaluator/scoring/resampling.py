"""The bootstrap of metrics that exist only for a set of examples.

It needs labels and predictions, so it is done where both are, when a submission is scored. The
draws follow from the labels alone: two submissions have been resampled alike, and the platform
can compare them in pairs without seeing a label (Efron and Tibshirani 1993, chapter 8).
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.metric import Answers, Joint, Truth

RESAMPLES: Final = 1000
"""How many times the examples are drawn anew."""
_TRIES: Final = 20 * RESAMPLES
"""Of draws in which the labels leave a metric undefined there are few, or it is undefined."""


def seed_of_labels(values: Truth) -> int:
    """A seed of 63 bits that follows from the labels."""
    digest = hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def resample(
    metric: Joint,
    answers: Answers,
    truth: Truth,
    *,
    seed: int,
    on_tick: Callable[[], None],
) -> NDArray[np.float64] | None:
    """The metric's value in each of `RESAMPLES` draws of the examples: float64 [R].

    A draw of which the labels leave the metric undefined, by the lack of a class, is made again.
    None where too many are, or where a value is not finite. `on_tick` is called between draws and
    may raise.
    """
    random = np.random.default_rng(seed)
    values: list[float] = []
    for _ in range(_TRIES):
        on_tick()
        drawn: NDArray[Any] = random.integers(len(truth), size=len(truth))
        try:
            value = metric.value(answers[drawn], truth[drawn])
        except ValueError:
            continue
        if not math.isfinite(value):
            return None
        values.append(value)
        if len(values) == RESAMPLES:
            return np.array(values)
    return None
