"""Which paths an artifact may have, and how a local folder is read."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection import (
    LocalFile,
    RefusalCode,
    Refused,
    detect_format,
    folder_files,
    inspect_artifact,
)
from evaluator.inspection.limits import MAX_FILES
from evaluator.inspection.paths import path_fault
from tests.evaluator.inspection.artifacts import codes, python_verdict


@pytest.mark.parametrize(
    "path",
    [
        "model.py",
        "a/b/c.json",
        "w-1_2.safetensors",
        "layer 1.npy",
        "model.onnx.data",
        "a+b=c@1.txt",
    ],
)
def test_plain_paths_are_accepted(path: str) -> None:
    assert path_fault(path) is None


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", "path_empty"),
        ("a//b", "path_empty"),
        ("a/", "path_empty"),
        ("/etc/passwd", "path_absolute"),
        ("C:/x", "path_absolute"),
        ("c:x", "path_absolute"),
        ("../x", "path_climbs"),
        ("a/../../x", "path_climbs"),
        ("a/..", "path_climbs"),
        ("./a", "path_climbs"),
        ("a\\..\\b", "path_climbs"),
        ("a\\b", "path_odd_characters"),
        ("a\0b", "path_odd_characters"),
        ("a\nb", "path_odd_characters"),
        ("a\u202eb", "path_odd_characters"),
        ("é.json", "path_odd_characters"),
        ("e\u0301.json", "path_odd_characters"),
        ("ab:c", "path_odd_characters"),
        ("a*", "path_odd_characters"),
        ("a.", "path_odd_characters"),
        ("a ", "path_odd_characters"),
        (" a", "path_odd_characters"),
        ("\udcff", "path_odd_characters"),
        ("x" * 101, "path_too_long"),
        ("/".join(["x" * 60] * 4), "path_too_long"),
        (".git/config", "hidden_file"),
        ("a/.b", "hidden_file"),
    ],
)
def test_other_paths_are_refused(path: str, code: str) -> None:
    assert path_fault(path) == code
    verdict = python_verdict({path: b"text"})
    assert codes(verdict) == [code]
    assert verdict.model_dump_json()


@settings(deadline=None)
@given(st.text(max_size=60))
def test_an_accepted_path_stays_in_its_folder(path: str) -> None:
    if path_fault(path) is None:
        joined = os.path.normpath(f"/folder/{path}")
        assert joined == f"/folder/{path}"
        assert path.isascii()
        assert path.isprintable()


@pytest.mark.parametrize(
    "paths",
    [("a.txt", "A.txt"), ("a", "a/b.txt"), ("A/x.txt", "a/y.txt"), ("Model.py",)],
)
def test_paths_that_are_one_place_somewhere_are_refused(paths: tuple[str, ...]) -> None:
    assert "path_duplicate" in codes(python_verdict(dict.fromkeys(paths, b"text")))


def test_files_of_one_folder_do_not_collide() -> None:
    assert python_verdict({"a/x.txt": b"", "a/y.txt": b"", "b/x.txt": b""}).accepted


def test_a_path_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("x = 1")
    file = LocalFile("model.py", 5, tmp_path / "model.py")
    assert codes(inspect_artifact([file, file], format="python")) == ["path_duplicate"]


def test_every_bad_path_is_named_at_once() -> None:
    assert sorted(codes(python_verdict({"../a": b"", "/b": b"", "c\0": b""}))) == [
        "path_absolute",
        "path_climbs",
        "path_odd_characters",
    ]


def test_a_folder_is_read_sorted_and_without_links(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.json").write_text("{}")
    (tmp_path / "model.py").write_text("x = 1")
    files = folder_files(tmp_path)
    assert [(file.path, file.size) for file in files] == [("b/x.json", 2), ("model.py", 5)]
    assert detect_format(files) == "python"
    assert inspect_artifact(files, format="python").accepted


@pytest.mark.parametrize("target", ["/etc/passwd", "model.py", "missing", "/"])
def test_links_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "model.py").write_text("x = 1")
    (tmp_path / "link.txt").symlink_to(target)
    with pytest.raises(Refused) as refused:
        folder_files(tmp_path)
    assert refused.value.refusal.code == RefusalCode.LINK
    assert refused.value.refusal.path == "link.txt"


def test_special_files_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(Refused) as refused:
        folder_files(tmp_path)
    assert refused.value.refusal.code == RefusalCode.SPECIAL_FILE


def test_a_link_that_takes_a_file_s_place_is_not_followed(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    place.write_text("text")
    (file,) = folder_files(tmp_path)
    place.unlink()
    place.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        file.open()


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    many = {f"{number}.txt": b"" for number in range(MAX_FILES)}
    assert codes(python_verdict(many)) == ["too_many_files"]
    many.popitem()
    assert python_verdict(many).accepted
    for number in range(2 * MAX_FILES + 1):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(Refused) as refused:
        folder_files(tmp_path)
    assert refused.value.refusal.code == RefusalCode.TOO_MANY_FILES


def test_a_missing_folder_is_the_caller_s_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        folder_files(tmp_path / "missing")


def test_what_systems_leave_behind_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("x = 1")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "model.cpython-311.pyc").write_bytes(b"compiled")
    (tmp_path / ".DS_Store").write_bytes(b"window positions")
    assert [file.path for file in folder_files(tmp_path)] == ["model.py"]
