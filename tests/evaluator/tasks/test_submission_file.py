"""Files of results: what is read of them, and the first fault that is told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.contract import TaskSpec
from evaluator.tasks import csv_table, load_task
from evaluator.tasks.errors import InvalidPredictions, InvalidTask
from evaluator.tasks.submission_file import read_submission, submitted_predictions

IDS = ("a", "b", "c")
ARRAY = {"input": {"shape": [4]}}
NAMED = TaskSpec(
    type="classification", settings={"classes": 2, "class_names": ["cat", "dog"], **ARRAY}
)
NUMBER = TaskSpec(type="regression", settings=ARRAY)
NUMBERS = TaskSpec(type="regression", settings={"targets": 2, **ARRAY})


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "predictions.csv"


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        (NAMED, "id,label\nb,dog\na,cat\nc,dog\n", [[1, 0], [0, 1], [0, 1]]),
        (NAMED, "id,dog,cat\na,.1,0.9\nb,7e-1,3e-1\nc,+2,-1\n", [[0.9, 0.1], [0.3, 0.7], [-1, 2]]),
        (NUMBER, "\ufeffid, prediction \na,1\nb, 2.5\n\nc,-3\n", [[1], [2.5], [-3]]),
        (NUMBER, 'prediction,id\n"1","a"\n2,b\n3,c', [[1], [2], [3]]),
        (NUMBERS, "id,prediction_2,prediction_1\na,1,2\nb,3,4\nc,5,6\n", [[2, 1], [4, 3], [6, 5]]),
    ],
    ids=["labels", "scores", "numbers", "quoted", "targets"],
)
def test_results_come_in_the_order_of_the_labels(
    results: Path, spec: TaskSpec, text: str, expected: list[list[float]]
) -> None:
    results.write_text(text, encoding="utf-8")
    predictions = submitted_predictions(load_task(spec), results, IDS)
    np.testing.assert_array_equal(predictions, expected)


@pytest.mark.parametrize(
    ("content", "reason", "says"),
    [
        (b"", "wrong_columns", "Line 1"),
        (b"name,prediction\na,1\n", "wrong_columns", "'id'"),
        (b"id,id\na,1\n", "wrong_columns", "'id'"),
        (b"id,value\na,1\nb,2\nc,3\n", "wrong_columns", "prediction"),
        (b"id,prediction,\na,1,\n", "wrong_columns", "name each column"),
        (b"id,prediction\na,1\nb,2,3\n", "malformed_row", "Line 3: 3 values where 2"),
        (b"id,prediction\na,1\nb,\0\n", "malformed_row", "Line 3: a NUL"),
        (b'id,prediction\na,1\nb,"2\n', "malformed_row", "After line 2"),
        (b"id,prediction\na,1\n ,2\n", "missing_id", "Line 3"),
        (b"id,prediction\na,1\na,2\n", "duplicate_id", "Line 3: the id 'a'"),
        (b"id,prediction\na,1\nx,2\nb,3\n", "unknown_id", "Line 3: the id 'x'"),
        (b"id,prediction\na,1\nb,2\nc,3\nd,4\n", "too_many_rows", "Line 5: 3 rows"),
        (b"id,prediction\na,1\n", "missing_row", "1 of 3 rows are there; the first"),
        (b"id,prediction\na,1\nb,two\nc,3\n", "not_a_number", "Line 3: 'two'"),
        (b"id,prediction\na,1\nb,nan\nc,3\n", "not_a_number", "Line 3: 'nan'"),
        (b"id,prediction\na,1\nb,1_0\nc,3\n", "not_a_number", "Line 3"),
        (b"id,prediction\na,1\nb,\xd9\xa1\nc,3\n", "not_a_number", "Line 3"),
        (b"id,prediction\na,1\nb,1e999\nc,3\n", "not_finite", "Line 3"),
        (b"id,prediction\na,\xff\n", "not_text", "UTF-8"),
        (b"id,prediction\na," + b"1" * 200_000 + b"\n", "malformed_row", "field larger"),
    ],
    ids=lambda value: value[:24].decode(errors="replace") if isinstance(value, bytes) else "",
)
def test_the_first_fault_is_told(results: Path, content: bytes, reason: str, says: str) -> None:
    results.write_bytes(content)
    with pytest.raises(InvalidPredictions) as refused:
        submitted_predictions(load_task(NUMBER), results, IDS)
    assert refused.value.reason == reason
    assert says in refused.value.detail
    assert len(refused.value.detail) < 300


@pytest.mark.parametrize(
    "text", ["id,label\na,cat\nb,mouse\nc,dog\n", "id,label\na,cat\nb,\nc,dog"]
)
def test_a_label_that_is_no_class_is_refused(results: Path, text: str) -> None:
    results.write_text(text)
    with pytest.raises(InvalidPredictions, match="unknown_label: Line 3"):
        submitted_predictions(load_task(NAMED), results, IDS)


def test_a_task_without_such_files_is_the_organizers_to_mend(results: Path) -> None:
    spec = TaskSpec(
        type="generation", settings={"input": {"text": {"max_bytes": 9}}, "max_bytes": 9}
    )
    with pytest.raises(InvalidTask, match="no_file"):
        submitted_predictions(load_task(spec), results, IDS)


def test_the_size_is_looked_at_first(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "TABLE_BYTES", 10)
    results.write_text("id,prediction\n")
    with pytest.raises(InvalidPredictions, match="too_large"):
        read_submission(results, IDS)


@given(
    content=st.binary(max_size=200)
    | st.text(alphabet='abid,"\n\r1.e-', max_size=200).map(str.encode)
)
def test_any_bytes_are_read_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"id,prediction\n" + content)
    try:
        predictions: Any = submitted_predictions(load_task(NUMBER), file, IDS)
    except InvalidPredictions:
        return
    assert predictions.shape == (3, 1)
    assert np.isfinite(predictions).all()
