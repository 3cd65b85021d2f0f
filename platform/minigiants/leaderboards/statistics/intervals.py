"""95 % intervals of a single model's score."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from minigiants.leaderboards.statistics.resampling import Bootstrap, Floats

CONFIDENCE: Final = 0.95


def wilson(
    wrong: NDArray[np.floating[Any]], examples: int, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Wilson's score interval (1927) of error rates: `wrong` [T] out of `examples`.

    Returns the lower and the upper bounds [T], within [0, 1].
    """
    z = float(special.ndtri(0.5 + confidence / 2))
    rate = wrong / examples
    shrunk = 1 + z**2 / examples
    centre = (rate + z**2 / (2 * examples)) / shrunk
    half = z / shrunk * np.sqrt(rate * (1 - rate) / examples + z**2 / (4 * examples**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def studentised(found: Bootstrap, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """The bootstrap-t interval of mean losses (Efron and Tibshirani 1993, section 12.5).

    Where a bound can't be studentised, since too many resamples are without any spread, it is
    the percentile of the resampled means. Returns the lower and the upper bounds [T].
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (found.resampled - found.means[:, None]) / found.resampled_errors
    ratios = np.where(np.isnan(ratios), 0.0, ratios)  # no spread, and no difference either
    below, above = _quantiles(ratios, confidence)
    low_percentile, high_percentile = percentile(found.resampled, confidence)
    with np.errstate(invalid="ignore"):
        low, high = found.means - above * found.errors, found.means - below * found.errors
    return (
        np.where(np.isfinite(low), low, low_percentile),
        np.where(np.isfinite(high), high, high_percentile),
    )


def percentile(resampled: Floats, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """The percentile interval of resampled values [T, R] (Efron 1979): bounds [T] each."""
    return _quantiles(resampled, confidence)


def _quantiles(samples: Floats, confidence: float) -> tuple[Floats, Floats]:
    """The order statistics that leave the same share out on both sides: of [T, R], [T] each."""
    count = samples.shape[1]
    outside = max(int((count + 1) * (1 - confidence) / 2), 1)
    places = (outside - 1, count - outside)
    ordered = np.partition(samples, places, axis=1)
    return ordered[:, places[0]], ordered[:, places[1]]


def mapped(
    bounds: tuple[Floats, Floats], value_of: Callable[[Floats], Floats]
) -> tuple[Floats, Floats]:
    """An interval of losses as one of the metric, which rises or falls with them."""
    one, other = value_of(bounds[0]), value_of(bounds[1])
    return np.minimum(one, other), np.maximum(one, other)
