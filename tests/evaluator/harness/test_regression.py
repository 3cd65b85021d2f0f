"""Which of a model's outputs are its numbers."""

import numpy as np
import pytest

from evaluator.harness.errors import ModelError
from evaluator.harness.regression import Regression
from evaluator.harness.runners import Outputs

INPUT = {"shape": [4], "dtype": "float32"}
ONE = Regression.from_settings({"targets": 1, "input": INPUT})
TWO = Regression.from_settings({"targets": 2, "input": INPUT})


def test_one_number_may_come_without_an_axis() -> None:
    for answer in (np.array([1.5, 2.5]), np.array([[1.5], [2.5]])):
        rows = ONE.rows({"": answer}, examples=2)
        assert rows.dtype == np.float32
        assert rows.tolist() == [[1.5], [2.5]]


def test_the_telling_name_wins() -> None:
    outputs = {"hidden": np.zeros((3, 2)), "Variable": np.ones((3, 2))}
    assert TWO.rows(outputs, examples=3).tolist() == [[1, 1]] * 3


@pytest.mark.parametrize(
    "outputs",
    [
        {"": np.zeros((3, 1))},
        {"": np.zeros(3)},
        {"": np.zeros((3, 2), np.int64)},
        {"": np.zeros((2, 2))},
        {"texts": ["1", "2", "3"]},
        {},
    ],
    ids=["too narrow", "flat", "whole numbers", "too few", "texts", "nothing"],
)
def test_anything_else_is_explained(outputs: Outputs) -> None:
    with pytest.raises(ModelError, match=r"numbers of shape \[3, 2\]"):
        TWO.rows(outputs, examples=3)


def test_what_float32_can_not_hold_is_left_to_the_host_to_refuse() -> None:
    assert np.isinf(ONE.rows({"": np.array([[1e200]])}, examples=1)).all()
