"""Scoring one set of predictions by a competition's metrics."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, MetricValue, Split
from evaluator.losses_file import (
    SplitLosses,
    SplitResampled,
    ValueOf,
    fits_float32,
    write_losses,
    write_resampled,
)
from evaluator.metrics import METRICS, Aggregate, MetricInfo
from evaluator.scoring import (
    classification,
    generation,
    language_modelling,
    regression,
    retrieval,
)
from evaluator.scoring.metric import Answers, Decomposing, Metric, Truth
from evaluator.scoring.probabilities import normalised
from evaluator.scoring.resampling import resample, seed_of_labels
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
    """Every metric on both splits, and what the value of the metric that ranks was made of.

    `values` come in the order of the metrics, public before private. `losses` is a file of
    `evaluator.losses_file`: the losses of the first metric, or its value in resamples where it
    does not decompose; None where there is neither.
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
            raise _too_large(spec)
        return value

    def losses(self, spec: MetricSpec, on_tick: Callable[[], None]) -> bytes | None:
        """What the metric's values are made of, as a file of `evaluator.losses_file`.

        None where it does not decompose and resamples leave it undefined. `on_tick` is called
        while that is computed, and may raise. Raises what `value` raises: `too_large` also where a
        loss is beyond float32, in which the file has it.
        """
        metric, params = self._metric(spec)
        if isinstance(metric, Decomposing):
            found = {
                split: metric.losses(*self._examples(spec, self._labels.mask(split)), params)
                for split in Split
            }
            if any(not fits_float32(each.values) for each in found.values()):
                raise _too_large(spec)
            return write_losses(
                {split: SplitLosses(each.values, each.weights) for split, each in found.items()},
                _value_of(METRICS[spec.name]),
            )
        seed = seed_of_labels(self._labels.values)
        resampled: dict[Split, SplitResampled] = {}
        for split in Split:
            answers, truth = self._examples(spec, self._labels.mask(split))
            values = resample(metric, answers, truth, seed=seed, on_tick=on_tick)
            if values is None:
                return None
            resampled[split] = SplitResampled(values, examples=len(truth))
        return write_resampled(resampled, seed)

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


def _too_large(spec: MetricSpec) -> InvalidPredictions:
    return InvalidPredictions("too_large", f"The numbers are too large for {spec.name}.")


def _value_of(info: MetricInfo) -> ValueOf:
    if info.aggregate is Aggregate.ROOT_MEAN:
        return ValueOf.ROOT_MEAN
    return ValueOf.ONE_MINUS_MEAN if info.higher_is_better else ValueOf.MEAN


def score(
    task: TaskType[Any],
    predictions: NDArray[Any],
    labels: Labels,
    metrics: Sequence[MetricSpec],
    *,
    on_tick: Callable[[], None] = lambda: None,
) -> ScoreOutcome:
    """Score predictions that the task has read against its labels. The first metric ranks.

    `on_tick` is called now and then, and may raise. Raises what `Scorer.value` raises.
    """
    scorer = Scorer(task, predictions, labels)
    values = tuple(
        MetricValue(metric=spec.name, split=split, value=scorer.value(spec, labels.mask(split)))
        for spec in metrics
        for split in Split
    )
    return ScoreOutcome(values=values, losses=scorer.losses(metrics[0], on_tick))
