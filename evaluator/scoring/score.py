"""Scoring one set of predictions by a competition's metrics."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, MetricValue, Split
from evaluator.metrics import METRICS
from evaluator.scoring import classification
from evaluator.scoring.metric import Metric, Predictions, Truth
from evaluator.scoring.probabilities import normalised
from evaluator.tasks.labels import Labels

IMPLEMENTATIONS: Final[Mapping[str, Metric]] = MappingProxyType({**classification.METRICS})
"""Every metric's implementation by its name: the same names as `evaluator.metrics`."""


class ScoringFailed(Exception):
    """No score can be computed, and the predictions are not to blame."""


@dataclass(frozen=True, slots=True)
class ScoreOutcome:
    """Every metric on both splits, and the losses of the metric that ranks.

    `values` come in the order of the metrics, public before private. `losses` is a file in
    NumPy's format: a float32 array [n], one loss an example of the whole test set in the order
    of the inputs' rows, 0 being perfect; None where the first metric does not decompose.
    """

    values: tuple[MetricValue, ...]
    losses: bytes | None


def score(
    task: str, predictions: Predictions, labels: Labels, metrics: Sequence[MetricSpec]
) -> ScoreOutcome:
    """Score checked predictions, [n, …], of a task type against n labels. The first metric ranks.

    Raises `ScoringFailed` for an unknown or unfit metric and for a score that is not finite,
    and `InvalidPredictions` (reason `unnormalised`) where rows have to be probabilities.
    """
    values: list[MetricValue] = []
    losses: bytes | None = None
    for rank, spec in enumerate(metrics):
        metric = _implementation(spec, task)
        rows = normalised(predictions) if METRICS[spec.name].needs_probabilities else predictions
        for split in Split:
            mask = labels.mask(split)
            value = _finite(spec.name, split, metric, rows[mask], labels.values[mask])
            values.append(MetricValue(metric=spec.name, split=split, value=value))
        if rank == 0 and metric.losses is not None:
            losses = _npy(metric.losses(rows, labels.values).astype(np.float32))
    return ScoreOutcome(values=tuple(values), losses=losses)


def _implementation(spec: MetricSpec, task: str) -> Metric:
    metric = IMPLEMENTATIONS.get(spec.name)
    if metric is None:
        raise ScoringFailed(f"There is no metric {spec.name!r}.")
    if task not in METRICS[spec.name].tasks:
        raise ScoringFailed(f"The metric {spec.name!r} does not fit the task {task!r}.")
    if spec.params:
        raise ScoringFailed(f"The metric {spec.name!r} takes no parameters.")
    return metric


def _finite(name: str, split: Split, metric: Metric, rows: Predictions, truth: Truth) -> float:
    try:
        value = metric.value(rows, truth)
    except ValueError as error:
        raise ScoringFailed(f"{name} on the {split} split: {error}.") from error
    if not math.isfinite(value):
        raise ScoringFailed(f"{name} on the {split} split is {value}.")
    return value


def _npy(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
