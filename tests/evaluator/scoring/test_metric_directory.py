"""The contract's table of metrics and the implementations say the same."""

from pathlib import Path

import pytest

from evaluator.metrics import METRICS
from evaluator.scoring.metric import Decomposing
from evaluator.scoring.score import IMPLEMENTATIONS
from evaluator.task_settings import TASK_SETTINGS
from evaluator.tasks import TASK_TYPES


def test_every_metric_is_implemented_and_no_other() -> None:
    assert set(METRICS) == set(IMPLEMENTATIONS)


def test_the_table_says_which_metrics_decompose() -> None:
    decomposing = {
        name for name, metric in IMPLEMENTATIONS.items() if isinstance(metric, Decomposing)
    }
    assert decomposing == {name for name, info in METRICS.items() if info.decomposes}


def test_every_metric_is_keyed_by_its_own_name_and_fits_a_task() -> None:
    for name, info in METRICS.items():
        assert info.name == name
        assert info.tasks
        assert info.tasks <= set(TASK_TYPES)


def test_every_task_has_its_settings() -> None:
    for name, task in TASK_TYPES.items():
        assert task.Settings is TASK_SETTINGS[name]


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"n": 3}, "takes no parameter 'n'"),
        ({"k": 0}, "1 … 1000"),
        ({"k": 1001}, "1 … 1000"),
        ({"k": 2.0}, "whole number"),
        ({"k": True}, "whole number"),
    ],
    ids=["unknown", "too small", "too great", "no whole number", "a truth value"],
)
def test_parameters_are_checked(params: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        METRICS["recall"].complete(params)


def test_parameters_have_defaults() -> None:
    assert METRICS["recall"].complete({}) == {"k": 10}
    assert METRICS["recall"].complete({"k": 3}) == {"k": 3}
    assert METRICS["accuracy"].complete({}) == {}


def test_the_documentation_names_every_task_and_metric() -> None:
    page = (Path(__file__).parents[3] / "docs" / "tasks.md").read_text(encoding="utf-8")
    for name in METRICS:
        assert f"`{name}`" in page
    for name in TASK_TYPES:
        assert f"type: {name}" in page
