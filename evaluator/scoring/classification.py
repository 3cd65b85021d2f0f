"""The metrics of classification, from scikit-learn.

Predictions are [n, classes], truths the class numbers [n]. Where a metric needs a class rather
than a distribution, it is the one with the greatest score, the first of equals.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

from evaluator.scoring.metric import Metric, Predictions, Truth


def _classes(predictions: Predictions) -> NDArray[np.int64]:
    classes: NDArray[np.int64] = predictions.argmax(axis=1)
    return classes


def _accuracy(predictions: Predictions, truth: Truth) -> float:
    return float(metrics.accuracy_score(truth, _classes(predictions)))


def _zero_one_losses(predictions: Predictions, truth: Truth) -> NDArray[np.floating[Any]]:
    wrong: NDArray[np.bool_] = _classes(predictions) != truth
    return wrong.astype(np.float64)


def _balanced_accuracy(predictions: Predictions, truth: Truth) -> float:
    # The mean recall over the classes that occur. scikit-learn's own function of that name
    # computes the same, and warns if a class is predicted that does not occur.
    return float(
        metrics.recall_score(truth, _classes(predictions), labels=np.unique(truth), average="macro")
    )


def _f1_macro(predictions: Predictions, truth: Truth) -> float:
    return float(metrics.f1_score(truth, _classes(predictions), average="macro", zero_division=0.0))


def _log_loss(predictions: Predictions, truth: Truth) -> float:
    return float(metrics.log_loss(truth, predictions, labels=np.arange(predictions.shape[1])))


def _log_losses(predictions: Predictions, truth: Truth) -> NDArray[np.floating[Any]]:
    # Clipped as scikit-learn clips, so that the mean of the losses is the score.
    least = np.finfo(predictions.dtype).eps
    right = predictions[np.arange(len(truth)), truth]
    losses: NDArray[np.floating[Any]] = -np.log(np.clip(right, least, 1 - least))
    return losses


def _roc_auc_ovr(predictions: Predictions, truth: Truth) -> float:
    classes = predictions.shape[1]
    if len(np.unique(truth)) < classes:
        raise ValueError("the area under the curve needs every class in each split")
    if classes == 2:
        return float(metrics.roc_auc_score(truth, predictions[:, 1]))
    return float(
        metrics.roc_auc_score(truth, predictions, multi_class="ovr", labels=np.arange(classes))
    )


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "accuracy": Metric(_accuracy, _zero_one_losses),
        "balanced_accuracy": Metric(_balanced_accuracy),
        "f1_macro": Metric(_f1_macro),
        "log_loss": Metric(_log_loss, _log_losses),
        "roc_auc_ovr": Metric(_roc_auc_ovr),
    }
)
