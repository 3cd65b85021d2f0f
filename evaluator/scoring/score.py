"""Scoring one set of predictions by a competition's metrics."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, MetricValue, Split
from evaluator.metrics import METRICS
from evaluator.scoring import (
    classification,
    generation,
    language_modelling,
    regression,
    retrieval,
)
from evaluator.scoring.metric import Answers, Decomposing, Metric, Truth
from evaluator.scoring.probabilities import normalised
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidPredictions
from evaluator.tasks.labels import Labels

IMPLEMENTATIONS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        **classification.METRICS,
        **regression.METRICS,
        **generation.METRICS,
        **retrieval.METRICS,
        **language_modelling.METRICS,
    }
)
"""Every metric's implementation by its name: the same names as `evaluator.metrics`."""


class ScoringFailed(Exception):
    """No score can be computed, and the predictions are not to blame."""


@dataclass(frozen=True, slots=True)
class ScoreOutcome:
    """Every metric on both splits, and the losses of the metric that ranks.

    `values` come in the order of the metrics, public before private. `losses` is a file in
    NumPy's format: a float32 array [n, 2], for each row of the labels its loss (0 is perfect)
    and its weight; None where the first metric does not decompose. A row that counts for neither
    split has the weight 0. `MetricInfo` says how a value follows from losses and weights.
    """

    values: tuple[MetricValue, ...]
    losses: bytes | None


class Scorer:
    """The answers of one model, held against the labels."""

    def __init__(self, task: TaskType[Any], predictions: NDArray[Any], labels: Labels) -> None:
        """`predictions` are as the task has read them, one for each of the labels."""
        self._task = task.name
        self._labels = labels
        self._answers = task.answers(predictions, labels)

    def value(self, spec: MetricSpec, mask: NDArray[np.bool_]) -> float:
        """A metric over the examples of a mask [n]. It is finite.

        Raises `ScoringFailed` for an unknown or unfit metric and where the labels leave it
        undefined, and `InvalidPredictions` with the reason `unnormalised` where rows have to be
        probabilities, or `too_large`.
        """
        metric, params = self._metric(spec)
        answers, truth = self._examples(spec, mask)
        try:
            if isinstance(metric, Decomposing):
                value = metric.losses(answers, truth, params).aggregate(METRICS[spec.name])
            else:
                value = metric.value(answers, truth)
        except ValueError as error:
            raise ScoringFailed(f"{spec.name}: {error}.") from error
        if not math.isfinite(value):  # labels are finite and fit the metric
            raise InvalidPredictions("too_large", f"The numbers are too large for {spec.name}.")
        return value

    def losses(self, spec: MetricSpec) -> NDArray[np.float32] | None:
        """The losses and weights [n, 2] of a metric, None if it does not decompose."""
        metric, params = self._metric(spec)
        if not isinstance(metric, Decomposing):
            return None
        scored = self._labels.scored
        found = metric.losses(*self._examples(spec, scored), params)
        table = np.zeros((len(scored), 2), dtype=np.float32)
        table[scored] = np.column_stack([found.values, found.weights])
        return table

    def _metric(self, spec: MetricSpec) -> tuple[Metric, dict[str, int]]:
        metric = IMPLEMENTATIONS.get(spec.name)
        if metric is None:
            raise ScoringFailed(f"There is no metric {spec.name!r}.")
        info = METRICS[spec.name]
        if self._task not in info.tasks:
            raise ScoringFailed(f"The metric {spec.name!r} does not fit the task {self._task!r}.")
        try:
            return metric, info.complete(spec.params)
        except ValueError as error:
            raise ScoringFailed(f"{error}.") from error

    def _examples(self, spec: MetricSpec, mask: NDArray[np.bool_]) -> tuple[Answers, Truth]:
        answers = self._answers[mask]
        if METRICS[spec.name].needs_probabilities:
            answers = normalised(answers)
        return answers, self._labels.values[mask]


def score(
    task: TaskType[Any],
    predictions: NDArray[Any],
    labels: Labels,
    metrics: Sequence[MetricSpec],
) -> ScoreOutcome:
    """Score predictions that the task has read against its labels. The first metric ranks.

    Raises what `Scorer.value` raises.
    """
    scorer = Scorer(task, predictions, labels)
    values = tuple(
        MetricValue(metric=spec.name, split=split, value=scorer.value(spec, labels.mask(split)))
        for spec in metrics
        for split in Split
    )
    losses = scorer.losses(metrics[0])
    return ScoreOutcome(values=values, losses=None if losses is None else npy(losses))


def npy(array: NDArray[np.float32]) -> bytes:
    """The array as a file in NumPy's format."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()
