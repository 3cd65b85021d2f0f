"""The n-grams of a text, and the F-score of what two texts share."""

from collections import Counter
from collections.abc import Sequence


def ngrams(units: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """How often each run of `n` units occurs."""
    return Counter(zip(*(units[start:] for start in range(n)), strict=False))


def f_score(precision: float, recall: float, *, beta: float) -> float:
    """The F-score, 0 where both are; recall weighs `beta` times as much as precision.

    van Rijsbergen 1979, chapter 7.
    """
    if precision == recall == 0:
        return 0.0
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
