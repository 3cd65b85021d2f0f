"""What is scored, what is stored with it, and what refuses to be scored."""

from typing import Any

import numpy as np
import pytest

from evaluator.contract import MetricSpec, TaskSpec
from evaluator.scoring import ScoringFailed, score
from evaluator.tasks import load_task
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidPredictions
from tests.evaluator.scoring.problems import halves, labels_of, specs
from tests.support.losses import losses_of

INPUT = {"shape": [1]}


@pytest.fixture
def task() -> TaskType[Any]:
    return load_task(TaskSpec(type="classification", settings={"classes": 2, "input": INPUT}))


def test_losses_are_of_the_first_metric_alone(task: TaskType[Any]) -> None:
    labels = halves(np.array([0, 1, 0, 1]))
    answers = np.eye(2)[[0, 1, 1, 1]]
    losses = score(task, answers, labels, specs("accuracy", "f1_macro")).losses
    assert losses is not None
    wrong = (answers.argmax(axis=1) != labels.values).astype(float)
    assert losses_of(losses) == {
        "public": wrong[labels.public].tolist(),
        "private": wrong[labels.private].tolist(),
    }


def test_a_perfect_and_a_hopeless_model(task: TaskType[Any]) -> None:
    labels = halves(np.array([0, 1, 0, 1]))
    right = score(task, np.eye(2)[[0, 1, 0, 1]], labels, specs("log_loss"))
    assert all(value.value == pytest.approx(0, abs=1e-9) for value in right.values)
    wrong = score(task, np.eye(2)[[1, 0, 1, 0]], labels, specs("log_loss"))
    assert all(30 < value.value < 40 for value in wrong.values)


@pytest.mark.parametrize(
    "row",
    [[0.7, 0.7], [0.2, 0.2], [-0.5, 1.5], [1.002, 0.0], [1e308, 1e308]],
    ids=["sums to more", "sums to less", "negative", "just outside", "overflows"],
)
@pytest.mark.parametrize("name", ["log_loss", "brier", "roc_auc_ovr"])
def test_rows_that_are_no_probabilities_are_refused(
    task: TaskType[Any], name: str, row: list[float]
) -> None:
    scores = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], row])
    with pytest.raises(InvalidPredictions) as caught:
        score(task, scores, halves(np.array([0, 1, 0, 1])), specs(name))
    assert caught.value.reason == "unnormalised"


def test_rounding_is_no_reason_to_refuse_and_earns_nothing(task: TaskType[Any]) -> None:
    scores = np.array([[0.5005, 0.5004], [0.5, 0.5]])
    value = score(task, scores, halves(np.array([0, 0])), specs("log_loss")).values[0].value
    assert value == pytest.approx(-np.log(0.5005 / 1.0009))


def test_accuracy_takes_any_scores(task: TaskType[Any]) -> None:
    labels = labels_of(np.array([0, 1, 1]), np.array([True, True, False]))
    scores = np.array([[3.0, -1.0], [2.0, 2.0], [-9.0, -8.0]])
    values = score(task, scores, labels, specs("accuracy")).values
    assert [value.value for value in values] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (MetricSpec(name="magic"), "no metric 'magic'"),
        (MetricSpec(name="rmse"), "does not fit"),
        (MetricSpec(name="accuracy", params={"k": 5}), "no parameter 'k'"),
        (MetricSpec(name="top_k_accuracy", params={"k": 0}), "1 … 1000"),
        (MetricSpec(name="roc_auc_ovr"), "every class"),
    ],
    ids=["unknown", "of another task", "parameter", "out of bounds", "undefined"],
)
def test_what_can_not_be_computed_says_why(
    task: TaskType[Any], spec: MetricSpec, says: str
) -> None:
    labels = labels_of(np.array([0, 1, 0]), np.array([True, True, False]))
    with pytest.raises(ScoringFailed, match=says):
        score(task, np.full((3, 2), 0.5), labels, [spec])


@pytest.mark.parametrize("number", [1e200, 1e30], ids=["the score", "a loss in the file"])
def test_numbers_too_large_are_the_models_fault(number: float) -> None:
    task = load_task(TaskSpec(type="regression", settings={"input": INPUT}))
    labels = halves(np.array([[0.0], [1.0], [0.0], [1.0]]))
    with pytest.raises(InvalidPredictions, match="too_large"):
        score(task, np.full((4, 1), number), labels, specs("rmse"))
