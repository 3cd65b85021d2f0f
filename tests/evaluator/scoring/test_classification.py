"""The metrics of classification against scikit-learn's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as reference

from evaluator.contract import MetricSpec, Split
from evaluator.scoring import score
from evaluator.tasks.labels import Labels
from tests.evaluator.scoring.problems import (
    assert_losses_make_up_the_values,
    halves,
    labels_of,
    specs,
    task_of,
)

Array = NDArray[np.floating[Any]]
NAMES = (
    "accuracy",
    "balanced_accuracy",
    "brier",
    "f1_macro",
    "log_loss",
    "matthews",
    "roc_auc_ovr",
    "top_k_accuracy",
)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Labels]:
    """Probabilities and labels in which every class occurs in each split."""
    classes = draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    per_split = draw(st.integers(classes, 40))
    splits = [
        np.concatenate([np.arange(classes), rng.integers(0, classes, per_split - classes)])
        for _ in Split
    ]
    truth = np.concatenate(splits)
    public = np.arange(len(truth)) < per_split
    order = rng.permutation(len(truth))
    scores = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.3, 1.0]))), len(truth))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return scores.astype(dtype), labels_of(truth[order].astype(np.int64), public[order])


def expected(name: str, scores: Array, truth: NDArray[np.int64]) -> float:
    classes = np.arange(scores.shape[1])
    guess = scores.argmax(axis=1)
    probabilities = scores.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    match name:
        case "accuracy":
            return float(reference.accuracy_score(truth, guess))
        case "balanced_accuracy":
            return float(reference.balanced_accuracy_score(truth, guess))
        case "brier":
            one_hot = np.eye(len(classes))[truth]
            return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())
        case "f1_macro":
            return float(reference.f1_score(truth, guess, average="macro"))
        case "log_loss":
            return float(reference.log_loss(truth, probabilities, labels=classes))
        case "matthews":
            return float(reference.matthews_corrcoef(truth, guess))
        case "top_k_accuracy" if len(classes) <= 5:
            return 1.0
        case "top_k_accuracy":
            return float(reference.top_k_accuracy_score(truth, scores, k=5, labels=classes))
        case "roc_auc_ovr" if len(classes) == 2:
            return float(reference.roc_auc_score(truth, probabilities[:, 1]))
        case "roc_auc_ovr":
            return float(reference.roc_auc_score(truth, probabilities, multi_class="ovr"))
    raise AssertionError(name)


@settings(deadline=None, max_examples=40)
@given(problems())
def test_values_are_scikit_learns(problem: tuple[Array, Labels]) -> None:
    scores, labels = problem
    task = task_of("classification", classes=scores.shape[1], input={"shape": [1]})
    outcome = score(task, scores, labels, specs(*NAMES))
    assert [(value.metric, value.split) for value in outcome.values] == [
        (name, split) for name in NAMES for split in Split
    ]
    for value in outcome.values:
        mask = labels.mask(value.split)
        assert value.value == pytest.approx(
            expected(value.metric, scores[mask], labels.values[mask]), abs=1e-12
        )


@pytest.mark.parametrize("name", ["accuracy", "log_loss", "brier", "top_k_accuracy"])
@settings(deadline=None, max_examples=20)
@given(problem=problems())
def test_losses_make_up_the_score(name: str, problem: tuple[Array, Labels]) -> None:
    scores, labels = problem
    task = task_of("classification", classes=scores.shape[1], input={"shape": [1]})
    assert_losses_make_up_the_values(score(task, scores, labels, specs(name)), labels)


def test_a_model_that_likes_all_classes_alike_is_not_among_the_top() -> None:
    task = task_of("classification", classes=4, input={"shape": [1]})
    metric = [MetricSpec(name="top_k_accuracy", params={"k": 3})]
    outcome = score(task, np.full((4, 4), 0.25), halves(np.arange(4)), metric)
    assert [value.value for value in outcome.values] == [0.0, 0.0]
