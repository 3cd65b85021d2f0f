"""Scores against scikit-learn's own, and what refuses to be scored."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as reference

from evaluator.contract import MetricSpec, Split
from evaluator.scoring import ScoringFailed, score
from evaluator.tasks.errors import InvalidPredictions
from evaluator.tasks.labels import Labels

Array = NDArray[np.floating[Any]]


def labels_of(truth: NDArray[np.int64], public: NDArray[np.bool_]) -> Labels:
    return Labels(ids=tuple(map(str, range(len(truth)))), values=truth, public=public)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Array, Labels]:
    """Probabilities and labels in which every class occurs in each split."""
    classes = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    per_split = draw(st.integers(classes, 40))
    splits = [
        np.concatenate([np.arange(classes), rng.integers(0, classes, per_split - classes)])
        for _ in Split
    ]
    truth = np.concatenate(splits)
    public = np.arange(len(truth)) < per_split
    order = rng.permutation(len(truth))
    scores = rng.dirichlet(np.full(classes, draw(st.sampled_from([0.05, 1.0]))), len(truth))
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
        case "f1_macro":
            return float(reference.f1_score(truth, guess, average="macro"))
        case "log_loss":
            return float(reference.log_loss(truth, probabilities, labels=classes))
        case "roc_auc_ovr" if len(classes) == 2:
            return float(reference.roc_auc_score(truth, probabilities[:, 1]))
        case "roc_auc_ovr":
            return float(reference.roc_auc_score(truth, probabilities, multi_class="ovr"))
    raise AssertionError(name)


NAMES = ("accuracy", "balanced_accuracy", "f1_macro", "log_loss", "roc_auc_ovr")


@settings(deadline=None, max_examples=40)
@given(problems())
def test_values_are_scikit_learns(problem: tuple[Array, Labels]) -> None:
    scores, labels = problem
    outcome = score("classification", scores, labels, [MetricSpec(name=name) for name in NAMES])
    assert [(value.metric, value.split) for value in outcome.values] == [
        (name, split) for name in NAMES for split in Split
    ]
    for value in outcome.values:
        mask = labels.public if value.split is Split.PUBLIC else ~labels.public
        assert value.value == pytest.approx(
            expected(value.metric, scores[mask], labels.values[mask]), abs=1e-12
        )


@pytest.mark.parametrize("name", ["accuracy", "log_loss"])
@settings(deadline=None, max_examples=40)
@given(problem=problems())
def test_losses_average_to_the_score(name: str, problem: tuple[Array, Labels]) -> None:
    scores, labels = problem
    outcome = score("classification", scores, labels, [MetricSpec(name=name)])
    assert outcome.losses is not None
    losses = np.load(io.BytesIO(outcome.losses), allow_pickle=False)
    assert losses.dtype == np.float32
    assert losses.shape == (len(labels),)
    assert (losses >= 0).all()
    for value in outcome.values:
        mean = float(losses[labels.mask(value.split)].mean(dtype=np.float64))
        assert value.value == pytest.approx(1 - mean if name == "accuracy" else mean, rel=1e-6)


def test_losses_are_of_the_first_metric_alone() -> None:
    labels = labels_of(np.array([0, 1, 0, 1]), np.array([True, True, False, False]))
    specs = [MetricSpec(name="f1_macro"), MetricSpec(name="accuracy")]
    assert score("classification", np.eye(2)[[0, 1, 0, 1]], labels, specs).losses is None


def test_a_perfect_and_a_hopeless_model() -> None:
    labels = labels_of(np.array([0, 1, 0, 1]), np.array([True, True, False, False]))
    spec = [MetricSpec(name="log_loss")]
    right = score("classification", np.eye(2)[[0, 1, 0, 1]], labels, spec)
    assert all(value.value == pytest.approx(0, abs=1e-9) for value in right.values)
    wrong = score("classification", np.eye(2)[[1, 0, 1, 0]], labels, spec)
    assert all(30 < value.value < 40 for value in wrong.values)


@pytest.mark.parametrize(
    "row",
    [[0.7, 0.7], [0.2, 0.2], [-0.5, 1.5], [1.002, 0.0], [1e308, 1e308]],
    ids=["sums to more", "sums to less", "negative", "just outside", "overflows"],
)
@pytest.mark.parametrize("name", ["log_loss", "roc_auc_ovr"])
def test_rows_that_are_no_probabilities_are_refused(name: str, row: list[float]) -> None:
    labels = labels_of(np.array([0, 1, 0, 1]), np.array([True, True, False, False]))
    scores = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], row])
    with pytest.raises(InvalidPredictions) as caught:
        score("classification", scores, labels, [MetricSpec(name=name)])
    assert caught.value.reason == "unnormalised"


def test_rounding_is_no_reason_to_refuse_and_earns_nothing() -> None:
    labels = labels_of(np.array([0, 0]), np.array([True, False]))
    spec = [MetricSpec(name="log_loss")]
    scores = np.array([[0.5005, 0.5004], [0.5, 0.5]])
    value = score("classification", scores, labels, spec).values[0].value
    assert value == pytest.approx(-np.log(0.5005 / 1.0009))


def test_accuracy_takes_any_scores() -> None:
    labels = labels_of(np.array([0, 1, 1]), np.array([True, True, False]))
    scores = np.array([[3.0, -1.0], [2.0, 2.0], [-9.0, -8.0]])
    values = score("classification", scores, labels, [MetricSpec(name="accuracy")]).values
    assert [value.value for value in values] == [0.5, 1.0]


@pytest.mark.parametrize(
    ("task", "spec", "says"),
    [
        ("classification", MetricSpec(name="magic"), "no metric 'magic'"),
        ("regression", MetricSpec(name="accuracy"), "does not fit"),
        ("classification", MetricSpec(name="accuracy", params={"k": 5}), "no parameters"),
        ("classification", MetricSpec(name="roc_auc_ovr"), "every class"),
    ],
)
def test_what_can_not_be_computed_says_why(task: str, spec: MetricSpec, says: str) -> None:
    labels = labels_of(np.array([0, 1, 0]), np.array([True, True, False]))
    with pytest.raises(ScoringFailed, match=says):
        score(task, np.full((3, 2), 0.5), labels, [spec])
