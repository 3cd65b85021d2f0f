"""The Ladder: which scores are released, so that a board can't be climbed on its own noise."""

import math

import numpy as np

from minigiants.leaderboards.statistics.resampling import Losses


def ladder_step(best: Losses, candidate: Losses, weights: Losses | None = None) -> float:
    """How much better a candidate has to be than the best one released, in mean loss.

    The parameter-free rule (Blum and Hardt 2015, figure 3): one standard error of the mean of the
    paired differences of the losses [n].
    """
    examples = len(best)
    if examples < 2:
        raise ValueError("one example says nothing about noise")
    differences = candidate.astype(np.float64) - best
    heavy = np.ones(examples) if weights is None else weights / np.mean(weights)
    mean = float(np.average(differences, weights=heavy))
    residuals = (differences - mean) * heavy
    return math.sqrt(float((residuals**2).sum()) / (examples - 1) / examples)


def improves(best: float, candidate: float, step: float) -> bool:
    """Whether a candidate is released: smaller than the best released by more than `step`."""
    return candidate < best - step


def rounded_to(value: float, step: float) -> float:
    """`value` to the nearest multiple of `step`, as a score that is released under a fixed step."""
    return round(value / step) * step
