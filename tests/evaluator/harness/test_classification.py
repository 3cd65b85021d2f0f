"""Which of a model's outputs are its class scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from evaluator.harness.classification import Classification
from evaluator.harness.errors import ModelError
from evaluator.harness.runners import ArraySpec

SETTINGS = {"classes": 3, "input": {"shape": [4], "dtype": "float32"}}
TASK = Classification.from_settings(SETTINGS)
SCORES = np.array([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], dtype=np.float32)


def test_settings() -> None:
    assert TASK.inputs == ArraySpec(shape=(4,), dtype="float32")
    assert TASK.columns == 3


@given(arrays(np.float32, (5, 3), elements=st.floats(width=32)))
def test_scores_pass_unchanged(scores: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(TASK.rows({"": scores}, examples=5), scores)


@given(st.lists(st.integers(0, 2), min_size=1))
def test_labels_become_one_hot(labels: list[int]) -> None:
    for given_labels in (np.array(labels), np.array(labels)[:, None]):
        rows = TASK.rows({"label": given_labels}, examples=len(labels))
        assert rows.dtype == np.float32
        assert rows.argmax(axis=1).tolist() == labels
        assert rows.sum(axis=1).tolist() == [1.0] * len(labels)


def test_the_telling_name_wins() -> None:
    outputs = {"hidden": SCORES * 2, "Probabilities": SCORES, "logits": SCORES * 3}
    np.testing.assert_array_equal(TASK.rows(outputs, examples=2), SCORES)


def test_scores_win_over_labels() -> None:
    outputs = {"output_label": np.array([2, 2]), "scores": SCORES.astype(np.float64)}
    np.testing.assert_array_equal(TASK.rows(outputs, examples=2), SCORES)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({"logits": SCORES[:, :2]}, r"\[2, 3\].*It answered logits: float32 \[2, 2\]"),
        ({"": SCORES[:1]}, r"result: float32 \[1, 3\]"),
        ({"": np.array(["a", "b"])}, "result: <U1"),
        ({"": np.array([object(), object()])}, "result: object"),
        ({}, "It answered nothing"),
        ({"label": np.array([0, 3])}, "The labels have to lie in 0 … 2. The model answered 0 … 3"),
        ({"label": np.array([-1, 0])}, "answered -1 … 0"),
    ],
)
def test_anything_else_is_explained(outputs: dict[str, NDArray[np.generic]], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        TASK.rows(outputs, examples=2)
