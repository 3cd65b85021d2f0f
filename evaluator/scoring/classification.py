"""The metrics of classification.

Answers are [n, classes], truths the class numbers [n]. Where a metric needs a class rather than
a distribution, it is the one with the greatest score, the first of equals.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from evaluator.scoring.metric import Answers, Decomposing, Joint, Losses, Metric, Truth, equally


def _classes(answers: Answers) -> NDArray[np.int64]:
    classes: NDArray[np.int64] = answers.argmax(axis=1)
    return classes


def _zero_one(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    return equally(_classes(answers) != truth)


def _outside_top_k(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    # Of equal scores the others come first: a model that likes all classes alike knows nothing.
    right = np.take_along_axis(answers, truth[:, None], axis=1)
    rank = (answers >= right).sum(axis=1)
    return equally(rank > params["k"])


def _log(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    # Clipped as scikit-learn clips.
    least = np.finfo(answers.dtype).eps
    right = answers[np.arange(len(truth)), truth]
    return equally(-np.log(np.clip(right, least, 1 - least)))


def _brier(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    """The squared distance to certainty, over all classes, from 0 to 2 (Brier 1950, eq. 2)."""
    distance = answers.copy()
    distance[np.arange(len(truth)), truth] -= 1
    return equally((distance**2).sum(axis=1))


def _balanced_accuracy(answers: Answers, truth: Truth) -> float:
    # The mean recall over the classes that occur. scikit-learn's own function of that name
    # computes the same, and warns if a class is predicted that does not occur.
    return float(
        metrics.recall_score(truth, _classes(answers), labels=np.unique(truth), average="macro")
    )


def _f1_macro(answers: Answers, truth: Truth) -> float:
    return float(metrics.f1_score(truth, _classes(answers), average="macro", zero_division=0.0))


def _matthews(answers: Answers, truth: Truth) -> float:
    return float(metrics.matthews_corrcoef(truth, _classes(answers)))


def _roc_auc_ovr(answers: Answers, truth: Truth) -> float:
    classes = answers.shape[1]
    if len(np.unique(truth)) < classes:
        raise ValueError("the area under the curve needs every class in each split")
    if classes == 2:
        return float(metrics.roc_auc_score(truth, answers[:, 1]))
    return float(
        metrics.roc_auc_score(truth, answers, multi_class="ovr", labels=np.arange(classes))
    )


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "accuracy": Decomposing(_zero_one),
        "balanced_accuracy": Joint(_balanced_accuracy),
        "top_k_accuracy": Decomposing(_outside_top_k),
        "f1_macro": Joint(_f1_macro),
        "matthews": Joint(_matthews),
        "log_loss": Decomposing(_log),
        "brier": Decomposing(_brier),
        "roc_auc_ovr": Joint(_roc_auc_ovr),
    }
)
