"""Regression's files, honest and hostile."""

from pathlib import Path

import numpy as np
import pytest

from evaluator.tasks.errors import InvalidLabels, InvalidPredictions
from tests.evaluator.scoring.problems import task_of

ONE = task_of("regression", input={"shape": [1]})
TWO = task_of("regression", input={"shape": [1]}, targets=2)


def written(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text)
    return folder / "labels.csv"


def test_labels_are_numbers(tmp_path: Path) -> None:
    one = ONE.read_labels(written(tmp_path, "id,label,usage\na,1e-3,Public\nb,-2,Private\n"))
    assert one.values.tolist() == [[0.001], [-2.0]]
    two = TWO.read_labels(
        written(tmp_path, "id,label_2,label_1,usage\na,1,2,Public\nb,3,4,Private\n")
    )
    assert two.values.tolist() == [[2.0, 1.0], [4.0, 3.0]]


@pytest.mark.parametrize("cell", ["", "one", "nan", "inf", "1e400", "1,5"])
def test_labels_that_are_no_numbers(tmp_path: Path, cell: str) -> None:
    file = written(tmp_path, f'id,label,usage\na,"{cell}",Public\nb,1,Private\n')
    with pytest.raises(InvalidLabels) as caught:
        ONE.read_labels(file)
    assert (caught.value.reason, caught.value.detail[:6]) == ("unknown_label", "Line 2")


def test_each_target_has_its_column(tmp_path: Path) -> None:
    with pytest.raises(InvalidLabels, match="label_1, label_2"):
        TWO.read_labels(written(tmp_path, "id,label,usage\na,1,Public\n"))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (np.zeros((3, 1), np.float32), "wrong_shape"),
        (np.zeros((2, 2), np.float32), "wrong_shape"),
        (np.zeros(2, np.float32), "wrong_shape"),
        (np.zeros((2, 1), np.int32), "wrong_dtype"),
        (np.full((2, 1), np.nan, np.float32), "not_finite"),
        (np.full((2, 1), np.inf, np.float32), "not_finite"),
    ],
    ids=["too many", "too wide", "flat", "whole numbers", "NaN", "infinite"],
)
def test_predictions_that_do_not_answer(
    tmp_path: Path, rows: np.ndarray[tuple[int, ...], np.dtype[np.float32]], reason: str
) -> None:
    np.save(tmp_path / "rows.npy", rows)
    with pytest.raises(InvalidPredictions) as caught:
        ONE.read_predictions(tmp_path / "rows.npy", 2)
    assert caught.value.reason == reason
