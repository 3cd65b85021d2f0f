"""The Ladder: which scores are released, so that a board can't be climbed on its own noise."""

import math

import numpy as np

from minigiants.leaderboards.statistics.figures import Sample
from minigiants.leaderboards.statistics.resampling import Losses


def ladder_step(best: Losses, candidate: Losses, weights: Losses | None = None) -> float:
    """How much better a candidate has to be than the best one released, in mean loss.

    The parameter-free rule (Blum and Hardt 2015, section 4): one standard error of the mean of
    the paired differences of the losses [n].
    """
    examples = len(best)
    if examples < 2:
        raise ValueError("one example says nothing about noise")
    differences = candidate.astype(np.float64) - best
    heavy = np.ones(examples) if weights is None else weights / np.mean(weights)
    mean = float(np.average(differences, weights=heavy))
    residuals = (differences - mean) * heavy
    return math.sqrt(float((residuals**2).sum()) / (examples - 1) / examples)


def climbs(found: Sample, *, higher_is_better: bool) -> bool:
    """Whether the second of two models is better than the first by more than the Ladder's step."""
    best, candidate = found.losses
    if found.are_gains(higher_is_better=higher_is_better):
        best, candidate = -best, -candidate
    means = np.average(np.stack([best, candidate]), axis=1, weights=found.weights)
    return bool(means[1] < means[0] - ladder_step(best, candidate, found.weights))
