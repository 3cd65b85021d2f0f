"""The metrics of regression.

Answers and truths are [n, targets]. Errors are averaged over all targets of all examples before any
root is taken; r2 and the correlations are computed for each target, and their mean is the score.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from scipy.stats import rankdata
from sklearn import metrics

from evaluator.scoring.metric import (
    Answers,
    Decomposing,
    Floats,
    Joint,
    Losses,
    Metric,
    Truth,
    equally,
)


def _squared(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    with np.errstate(over="ignore"):  # then the score is not finite, which is refused
        return equally(((answers - truth) ** 2).mean(axis=1))


def _absolute(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    return equally(np.abs(answers - truth).mean(axis=1))


def _r2(answers: Answers, truth: Truth) -> float:
    _need_variety(truth)
    return float(metrics.r2_score(truth, answers))


def _pearson(answers: Answers, truth: Truth) -> float:
    _need_variety(truth)
    return _mean_correlation(answers.astype(np.float64), truth)


def _spearman(answers: Answers, truth: Truth) -> float:
    """Pearson's correlation of the ranks, equals sharing theirs."""
    _need_variety(truth)
    return _mean_correlation(rankdata(answers, axis=0), rankdata(truth, axis=0))


def _need_variety(truth: Truth) -> None:
    if (truth == truth[0]).all(axis=0).any():
        raise ValueError("it needs labels that differ, in each split and for each target")


def _mean_correlation(answers: Answers, truth: Truth) -> float:
    columns = zip(answers.T, truth.T, strict=True)
    return float(np.mean([_correlation(one, other) for one, other in columns]))


def _correlation(answers: Floats, truth: Floats) -> float:
    if (answers == answers[0]).all():
        return 0.0  # what never changes says nothing about the truth
    answers, truth = _centred(answers), _centred(truth)
    return float(answers @ truth / (np.linalg.norm(answers) * np.linalg.norm(truth)))


def _centred(values: Floats) -> Floats:
    """The values less their mean, in units of the greatest: squares of tiny ones would be 0."""
    scaled = values / np.abs(values).max()
    centred: Floats = scaled - scaled.mean()
    return centred


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "rmse": Decomposing(_squared),
        "mae": Decomposing(_absolute),
        "r2": Joint(_r2),
        "pearson": Joint(_pearson),
        "spearman": Joint(_spearman),
    }
)
