"""The metrics of regression against scikit-learn's and SciPy's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as reference

from evaluator.contract import Split
from evaluator.scoring import ScoringFailed, score
from tests.evaluator.scoring.problems import (
    assert_losses_make_up_the_values,
    halves,
    specs,
    task_of,
)

Array = NDArray[np.floating[Any]]
NAMES = ("rmse", "mae", "r2", "pearson", "spearman")
# Small whole numbers bring ties; their sixteenths are exact.
NUMBERS = st.integers(-64, 64).map(lambda number: number / 16)


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Answers and truths [2 n, targets] that vary within each half and target."""
    targets, per_split = draw(st.integers(1, 3)), draw(st.integers(3, 20))
    shape = (2 * per_split, targets)
    answers = draw(arrays(np.float32, shape, elements=NUMBERS))
    truth = draw(arrays(np.float64, shape, elements=NUMBERS))
    for first in (0, per_split):
        answers[first : first + 2], truth[first : first + 2] = [[-5], [5]], [[-6], [6]]
    return answers, truth


def expected(name: str, answers: Array, truth: Array) -> float:
    columns = list(zip(answers.T, truth.T, strict=True))
    match name:
        case "rmse":
            return float(np.sqrt(reference.mean_squared_error(truth, answers)))
        case "mae":
            return float(reference.mean_absolute_error(truth, answers))
        case "r2":
            return float(reference.r2_score(truth, answers))
        case "pearson":
            return float(np.mean([stats.pearsonr(*pair)[0] for pair in columns]))
        case "spearman":
            return float(np.mean([stats.spearmanr(*pair)[0] for pair in columns]))
    raise AssertionError(name)


@settings(deadline=None, max_examples=60)
@given(problems())
def test_values_are_the_libraries(problem: tuple[NDArray[Any], NDArray[Any]]) -> None:
    answers, truth = problem
    task = task_of("regression", input={"shape": [1]}, targets=truth.shape[1])
    labels = halves(truth)
    for value in score(task, answers, labels, specs(*NAMES)).values:
        mask = labels.mask(value.split)
        wanted = expected(value.metric, answers[mask].astype(np.float64), truth[mask])
        assert value.value == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("name", ["rmse", "mae"])
@settings(deadline=None, max_examples=30)
@given(problem=problems())
def test_losses_make_up_the_score(name: str, problem: tuple[NDArray[Any], NDArray[Any]]) -> None:
    answers, truth = problem
    task = task_of("regression", input={"shape": [1]}, targets=truth.shape[1])
    labels = halves(truth)
    assert_losses_make_up_the_values(score(task, answers, labels, specs(name)), labels)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_constant_answer_correlates_with_nothing(name: str) -> None:
    task = task_of("regression", input={"shape": [1]})
    truth = np.array([[0.1], [0.2], [0.7], [0.9]])
    outcome = score(task, np.full((4, 1), 0.1, np.float32), halves(truth), specs(name))
    assert [value.value for value in outcome.values] == [0.0, 0.0]


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_a_correlation_knows_no_unit(unit: float) -> None:
    """Squares of such numbers are 0 or infinite."""
    task = task_of("regression", input={"shape": [1]})
    truth = np.array([[0.1], [0.2], [0.7], [0.9], [0.5], [0.3]])
    answers = np.array([[0.2], [0.1], [0.3], [0.9], [0.8], [0.4]])
    labels = halves(truth)
    for value in score(task, answers * unit, labels, specs("pearson")).values:
        mask = labels.mask(value.split)
        wanted = stats.pearsonr(answers[mask, 0], truth[mask, 0])[0]
        assert value.value == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("name", ["r2", "pearson", "spearman"])
def test_labels_that_never_change_leave_it_undefined(name: str) -> None:
    task = task_of("regression", input={"shape": [1]})
    truth = np.array([[0.1], [0.1], [0.7], [0.9]])
    with pytest.raises(ScoringFailed, match="labels that differ"):
        score(task, truth.astype(np.float32), halves(truth), specs(name))
    assert len(Split) == 2
