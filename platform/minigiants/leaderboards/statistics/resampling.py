"""The bootstrap: what a model's score might have been on other examples of the same kind.

All models are resampled with the same draws of examples, so that the difference of two of them
is that of a paired bootstrap (Efron and Tibshirani 1993, chapters 6 and 8).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Losses = NDArray[np.floating[Any]]

RESAMPLES: Final = 1000
"""How many times examples are drawn anew."""
_DRAWN_AT_ONCE: Final = 64
_MODELS_AT_ONCE: Final = 128
"""Blocks that keep what is in memory near that of the table itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """Weighted mean losses, and what they were in each resample.

    `means` [T] and `errors` [T]: the mean loss of each model and its standard error; `resampled`
    and `resampled_errors` [T, R]: the same in each resample. `examples` is n.
    """

    means: Floats
    errors: Floats
    resampled: Floats
    resampled_errors: Floats
    examples: int


def seed_of(*parts: object) -> int:
    """A seed of 63 bits that always comes out the same for the same `parts`."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def bootstrap(
    losses: Losses, weights: Losses | None, *, seed: int, resamples: int = RESAMPLES
) -> Bootstrap:
    """Resample the examples of `losses` [T, n], which weigh `weights` [n], or all the same.

    The mean loss is a ratio of sums, Σ weight·loss / Σ weight; its standard error is that of the
    linearised ratio (Cochran 1977, section 6.3). Reproducible: the same arguments give the same
    result. Raises ValueError for fewer than two examples or weights that are not positive.
    """
    models, examples = losses.shape
    if examples < 2:
        raise ValueError("one example says nothing about noise")
    heavy = np.ones(examples) if weights is None else np.asarray(weights, dtype=np.float64)
    if heavy.shape != (examples,) or not (heavy > 0).all():
        raise ValueError("each example needs a positive weight")
    counts = _counts(examples, resamples, seed)
    scaled = (heavy / heavy.mean()).astype(np.float32)  # near 1: the sums are of float32
    totals = _sums(counts, scaled[:, None])[:, 0]
    result = Bootstrap(
        means=np.empty(models),
        errors=np.empty(models),
        resampled=np.empty((models, resamples)),
        resampled_errors=np.empty((models, resamples)),
        examples=examples,
    )
    squares = None if weights is None else _sums(counts, (scaled**2)[:, None])[:, 0]
    for start in range(0, models, _MODELS_AT_ONCE):
        block = slice(start, start + _MODELS_AT_ONCE)
        _resample(losses[block], heavy, scaled, counts, totals, squares, result, block)
    return result


def _resample(
    losses: Losses,
    heavy: Floats,
    scaled: NDArray[np.float32],
    counts: NDArray[np.uint8],
    totals: Floats,
    squares: Floats | None,
    result: Bootstrap,
    block: slice,
) -> None:
    examples = len(heavy)
    means = losses @ (heavy / heavy.sum())
    # Centred, so that single precision is enough for the sums of squares.
    residuals = ((losses - means[:, None]) * scaled).astype(np.float32).T
    sums = _sums(counts, residuals)
    shift = sums / totals[:, None]
    spread = _sums(counts, residuals**2)
    if squares is None:  # all weigh the same: Σ count·residual·weight is Σ count·residual
        spread -= 2 * shift * sums - shift**2 * totals[:, None]
    else:
        spread -= 2 * shift * _sums(counts, residuals * scaled[:, None])
        spread += shift**2 * squares[:, None]
    scale = np.sqrt(examples / (examples - 1))
    errors = np.sqrt((residuals.astype(np.float64) ** 2).sum(axis=0)) / examples
    result.means[block] = means
    result.errors[block] = errors * scale
    result.resampled[block] = (means + shift).T
    result.resampled_errors[block] = (np.sqrt(np.maximum(spread, 0)) / totals[:, None] * scale).T


def _sums(counts: NDArray[np.uint8], columns: NDArray[np.float32]) -> Floats:
    """The sums of `columns` [n, k] in each resample: [R, k]."""
    sums = np.empty((len(counts), columns.shape[1]))
    for start in range(0, len(counts), _DRAWN_AT_ONCE):
        block = slice(start, start + _DRAWN_AT_ONCE)
        sums[block] = counts[block].astype(np.float32) @ columns
    return sums


def _counts(examples: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """How often each example was drawn in each resample: [R, n]."""
    counts = np.empty((resamples, examples), dtype=np.uint8)
    for row, drawn in enumerate(draws(examples, resamples, seed)):
        # That one of two or more examples is drawn 256 times does not happen, but must not wrap.
        counts[row] = np.minimum(np.bincount(drawn, minlength=examples), 255)
    return counts


def draws(examples: int, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """The examples of each resample: `resamples` arrays [n] of numbers below n."""
    random = np.random.default_rng(seed)
    for _ in range(resamples):
        yield random.integers(examples, size=examples)
