"""Classification's settings and files, honest and hostile."""

import io
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.contract import TaskSpec
from evaluator.tasks import load_task
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidInputs, InvalidPredictions, InvalidTask

SETTINGS: dict[str, Any] = {"classes": 3, "input": {"shape": [8, 8], "dtype": "float32"}}


@pytest.fixture
def task() -> TaskType[Any]:
    return load_task(TaskSpec(type="classification", settings=SETTINGS))


def saved(folder: Path, array: np.ndarray[Any, Any], **options: Any) -> Path:
    file = folder / "array.npy"
    np.save(file, array, **options)
    return file


@pytest.mark.parametrize(
    ("spec", "reason", "says"),
    [
        (TaskSpec(type="divination"), "unknown_task", "classification"),
        (TaskSpec(type="classification"), "invalid_settings", "classes"),
        (
            TaskSpec(type="classification", settings={**SETTINGS, "clases": 3}),
            "invalid_settings",
            "clases",
        ),
        (
            TaskSpec(type="classification", settings={**SETTINGS, "class_names": ["a", "b"]}),
            "invalid_settings",
            "all 3 classes",
        ),
        (
            TaskSpec(type="classification", settings={**SETTINGS, "class_names": ["a", "b", "a"]}),
            "invalid_settings",
            "differ",
        ),
    ],
)
def test_settings_are_checked(spec: TaskSpec, reason: str, says: str) -> None:
    with pytest.raises(InvalidTask) as caught:
        load_task(spec)
    assert caught.value.reason == reason
    assert says in caught.value.detail


def test_inputs_are_counted(task: TaskType[Any], tmp_path: Path) -> None:
    assert task.count_examples(saved(tmp_path, np.zeros((7, 8, 8), np.float32))) == 7


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((7, 8, 8), np.float64), "wrong_dtype"),
        (np.zeros((7, 8, 8), ">f4"), "wrong_dtype"),
        (np.zeros((7, 64), np.float32), "wrong_shape"),
        (np.zeros((), np.float32), "wrong_shape"),
        (np.zeros((0, 8, 8), np.float32), "no_examples"),
    ],
)
def test_inputs_that_are_not_what_the_settings_say(
    task: TaskType[Any], tmp_path: Path, array: np.ndarray[Any, Any], reason: str
) -> None:
    with pytest.raises(InvalidInputs) as caught:
        task.count_examples(saved(tmp_path, array))
    assert caught.value.reason == reason


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_predictions_are_read(task: TaskType[Any], tmp_path: Path, dtype: str, order: Any) -> None:
    scores = np.array(np.random.default_rng(0).random((5, 3)), dtype=dtype, order=order)
    assert (task.read_predictions(saved(tmp_path, scores), 5) == scores).all()


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((4, 3), np.float32), "wrong_shape"),
        (np.zeros((5, 2), np.float32), "wrong_shape"),
        (np.zeros(15, np.float32), "wrong_shape"),
        (np.zeros((5, 3), np.int64), "wrong_dtype"),
        (np.full((5, 3), np.nan), "not_finite"),
        (np.full((5, 3), -np.inf, np.float16), "not_finite"),
    ],
)
def test_predictions_that_do_not_answer(
    task: TaskType[Any], tmp_path: Path, array: np.ndarray[Any, Any], reason: str
) -> None:
    with pytest.raises(InvalidPredictions) as caught:
        task.read_predictions(saved(tmp_path, array), 5)
    assert caught.value.reason == reason


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("exploded"),))  # type: ignore[return-value]


def test_a_pickle_is_never_loaded(
    task: TaskType[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    objects = np.empty((5, 3), dtype=object)
    objects[:] = Bomb()
    plain = tmp_path / "plain.npy"
    plain.write_bytes(pickle.dumps(Bomb()))
    for file in (saved(tmp_path, objects, allow_pickle=True), plain):
        with pytest.raises(InvalidPredictions) as caught:
            task.read_predictions(file, 5)
        assert caught.value.reason == "malformed"
    assert not (tmp_path / "exploded").exists()


def forged(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    length = len(header).to_bytes(2 if version == b"\x01\x00" else 4, "little")
    return b"\x93NUMPY" + version + length + header.encode("latin-1") + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }\n"),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }\n", bytes(61)),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (999999999, 3), }\n", bytes(60)),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (-5, -3), }\n", bytes(60)),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 3), }\n", bytes(12)),
        forged("{'descr': '|O', 'fortran_order': False, 'shape': (5, 3), }\n", bytes(120)),
        forged("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (5, 3), }\n", bytes(60)),
        forged("(" * 4000),
        forged("{'descr': '<f4', " + " " * 9000),
        forged("{}", version=b"\x02\x00"),
        forged("{}", version=b"\x09\x00"),
        forged("{'descr': '<b8', 'fortran_order': False, 'shape': (5, 3), }\n", bytes(120)),
        forged("{'descr': '<f4', 'fortran_order': False, 'shape': (5, 3), }\n" * 2, bytes(60)),
    ],
)
def test_forged_files_are_refused(task: TaskType[Any], tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "forged.npy"
    file.write_bytes(content)
    with pytest.raises(InvalidPredictions) as caught:
        task.read_predictions(file, 5)
    assert caught.value.reason == "malformed"


def written(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


GOOD = written(np.zeros((5, 3), np.float32))


@settings(deadline=None)
@given(position=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_changes_numbers_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int
) -> None:
    task = load_task(TaskSpec(type="classification", settings=SETTINGS))
    content = bytearray(GOOD)
    content[position] = byte
    file = tmp_path_factory.mktemp("changed") / "array.npy"
    file.write_bytes(content)
    with suppress(InvalidPredictions):
        scores = task.read_predictions(file, 5)
        assert scores.shape == (5, 3)
        assert np.isfinite(scores).all()


def test_labels_go_by_number_or_by_name(task: TaskType[Any], tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("id,label,usage\na,2,Public\nb,0,Private\n")
    assert task.read_labels(file, 2).values.tolist() == [2, 0]
    named = load_task(
        TaskSpec(type="classification", settings={**SETTINGS, "class_names": ["x", "y", "z"]})
    )
    file.write_text("id,label,usage\na,z,Public\nb,x,Private\n")
    assert named.read_labels(file).values.tolist() == [2, 0]
