"""Labels are parsed once, and never those of another file or another task."""

from pathlib import Path

import pytest

from evaluator.contract import TaskSpec
from evaluator.tasks.errors import InvalidLabels
from evaluator.worker import known_labels
from evaluator.worker.known_labels import KnownLabels

INPUT = {"shape": [8, 8], "dtype": "float32"}
TWO = TaskSpec(type="classification", settings={"classes": 2, "input": INPUT})
THREE = TaskSpec(type="classification", settings={"classes": 3, "input": INPUT})


def written(path: Path, *, label: int = 0) -> Path:
    path.write_text(f"id,label,usage\na,1,Public\nb,{label},Private\n")
    return path


def test_a_file_is_parsed_once(tmp_path: Path) -> None:
    known, file = KnownLabels(), written(tmp_path / "labels.csv")
    first = known.read(file, "d1", TWO)
    assert known.read(file, "d1", TWO) is first
    assert first.values.tolist() == [1, 0]


def test_another_digest_or_task_is_read_for_itself(tmp_path: Path) -> None:
    known = KnownLabels()
    first = known.read(written(tmp_path / "one.csv"), "d1", TWO)
    other = known.read(written(tmp_path / "two.csv", label=1), "d2", TWO)
    assert other.values.tolist() == [1, 1]
    assert known.read(tmp_path / "one.csv", "d1", THREE) is not first


def test_labels_that_fit_one_task_are_refused_for_another(tmp_path: Path) -> None:
    known, file = KnownLabels(), written(tmp_path / "labels.csv", label=2)
    known.read(file, "d1", THREE)
    with pytest.raises(InvalidLabels):
        known.read(file, "d1", TWO)


def test_what_is_shared_cannot_be_written_to(tmp_path: Path) -> None:
    labels = KnownLabels().read(written(tmp_path / "labels.csv"), "d1", TWO)
    for array in (labels.values, labels.public, labels.private):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_least_recently_used_leaves_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_labels, "KEPT", 2)
    known, file = KnownLabels(), written(tmp_path / "labels.csv")
    first = known.read(file, "d1", TWO)
    second = known.read(file, "d2", TWO)
    assert known.read(file, "d1", TWO) is first
    known.read(file, "d3", TWO)
    assert known.read(file, "d1", TWO) is first
    assert known.read(file, "d2", TWO) is not second


def test_a_large_file_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_labels, "KEPT_BYTES", 8)
    known, file = KnownLabels(), written(tmp_path / "labels.csv")
    assert known.read(file, "d1", TWO) is not known.read(file, "d1", TWO)
