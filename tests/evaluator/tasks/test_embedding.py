"""Embedding's files: which documents answer a query, and vectors of a model's own length."""

from pathlib import Path

import numpy as np
import pytest

from evaluator.tasks.errors import InvalidLabels, InvalidPredictions
from tests.evaluator.scoring.problems import TEXTS, task_of

TASK = task_of("embedding", input=TEXTS, max_dimensions=3)
GOOD = "id,label,usage\nd1,,Document\nq1,d1 d2,Public\nd2,,Document\nq2,d2,Private\n"


def labels(folder: Path, text: str) -> Path:
    (folder / "labels.csv").write_text(text)
    return folder / "labels.csv"


def test_queries_name_their_documents(tmp_path: Path) -> None:
    read = TASK.read_labels(labels(tmp_path, GOOD), 4)
    assert [rows.tolist() for rows in read.values] == [[], [0, 2], [], [2]]
    assert read.public.tolist() == [False, True, False, False]
    assert read.private.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("d1 d2", "d1 d3", "Line 3: there is no document 'd3'"),
        ("d1 d2", "q2", "there is no document 'q2'"),
        ("d1 d2", "d1 d1", "a document is named twice"),
        ("d1 d2", "", "a query names its relevant documents"),
        ("d2,,", "d2,d1,", "a document has no label"),
    ],
    ids=["unknown", "a query", "twice", "none", "a document with a label"],
)
def test_labels_that_can_not_be(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(InvalidLabels, match="unknown_label") as caught:
        TASK.read_labels(labels(tmp_path, GOOD.replace(old, new)))
    assert says in caught.value.detail


def test_documents_alone_are_no_test_set(tmp_path: Path) -> None:
    with pytest.raises(InvalidLabels, match="empty_split"):
        TASK.read_labels(labels(tmp_path, "id,label,usage\nd1,,Document\nq1,d1,Public\n"))


def test_other_tasks_have_no_documents(tmp_path: Path) -> None:
    with pytest.raises(InvalidLabels, match="neither Public nor Private"):
        task_of("regression", input=TEXTS).read_labels(labels(tmp_path, GOOD))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_a_model_chooses_its_length(tmp_path: Path, dimensions: int) -> None:
    np.save(tmp_path / "rows.npy", np.ones((4, dimensions), np.float32))
    assert TASK.read_predictions(tmp_path / "rows.npy", 4).shape == (4, dimensions)


@pytest.mark.parametrize("shape", [(4, 0), (4, 4), (3, 2), (4,), (4, 2, 1)])
def test_vectors_of_another_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "rows.npy", np.ones(shape, np.float32))
    with pytest.raises(InvalidPredictions) as caught:
        TASK.read_predictions(tmp_path / "rows.npy", 4)
    assert caught.value.reason == "wrong_shape"
