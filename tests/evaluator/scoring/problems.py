"""Labels and tasks for tests of metrics, and what losses make of themselves."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, Split, TaskSpec
from evaluator.losses_file import SplitLosses, read_about
from evaluator.scoring import ScoreOutcome
from evaluator.tasks import load_task
from evaluator.tasks.base import TaskType
from evaluator.tasks.labels import Labels
from tests.support.losses import evidence_of

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
    value_of = read_about(io.BytesIO(outcome.losses)).value_of
    assert value_of is not None
    for value, split in zip(outcome.values, Split, strict=False):
        found = evidence_of(outcome.losses, split)
        assert isinstance(found, SplitLosses)
        assert found.losses.shape == (labels.mask(split).sum(),)
        assert (found.losses >= -1e-6).all()
        mean = np.average(found.losses.astype(np.float64), weights=found.weights)
        np.testing.assert_allclose(value.value, value_of(mean), rtol=1e-5, atol=1e-6)


def specs(*names: str) -> list[MetricSpec]:
    """Metrics with their default parameters."""
    return [MetricSpec(name=name) for name in names]
