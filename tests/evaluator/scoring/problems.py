"""Labels and tasks for tests of metrics, and what losses make of themselves."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, Split, TaskSpec
from evaluator.metrics import METRICS, Aggregate
from evaluator.scoring import ScoreOutcome
from evaluator.tasks import load_task
from evaluator.tasks.base import TaskType
from evaluator.tasks.labels import Labels

TEXTS = {"text": {"max_bytes": 1000}}


def task_of(name: str, **settings: Any) -> TaskType[Any]:
    """A task type under settings."""
    return load_task(TaskSpec(type=name, settings=settings))


def labels_of(truth: NDArray[Any], public: NDArray[np.bool_]) -> Labels:
    """Labels without documents."""
    names = tuple(map(str, range(len(truth))))
    return Labels(ids=names, values=truth, public=public, private=~public)


def halves(truth: NDArray[Any]) -> Labels:
    """Labels whose first half is public."""
    return labels_of(truth, np.arange(len(truth)) < len(truth) / 2)


def assert_losses_make_up_the_values(outcome: ScoreOutcome, labels: Labels) -> None:
    """The value of the metric that ranks follows from the stored losses, as `MetricInfo` says."""
    assert outcome.losses is not None
    table = np.load(io.BytesIO(outcome.losses), allow_pickle=False)
    assert table.dtype == np.float32
    assert table.shape == (len(labels), 2)
    losses, weights = table.astype(np.float64).T
    assert (losses >= -1e-6).all()
    assert (weights[labels.scored] > 0).all()
    assert (weights[~labels.scored] == 0).all()
    info = METRICS[outcome.values[0].metric]
    for value, split in zip(outcome.values, Split, strict=False):
        mask = labels.mask(split)
        mean = float((losses[mask] * weights[mask]).sum() / weights[mask].sum())
        if info.aggregate is Aggregate.ROOT_MEAN:
            mean = float(np.sqrt(mean))
        expected = 1 - mean if info.higher_is_better else mean
        np.testing.assert_allclose(value.value, expected, rtol=1e-5, atol=1e-6)


def specs(*names: str) -> list[MetricSpec]:
    """Metrics with their default parameters."""
    return [MetricSpec(name=name) for name in names]
