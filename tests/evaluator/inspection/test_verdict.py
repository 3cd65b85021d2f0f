"""Verdicts as messages, and the registry of formats as a seam."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluator.inspection import (
    FORMATS,
    INSPECTOR_VERSION,
    ArtifactFile,
    Verdict,
    detect_format,
    inspect_artifact,
    inspector,
    participant_code_formats,
)
from evaluator.inspection.formats.format import Format
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.limits import MAX_REFUSALS
from evaluator.inspection.refusals import shown
from tests.evaluator.inspection.artifacts import (
    codes,
    memory_files,
    python_verdict,
    safetensors_bytes,
)


def test_a_verdict_survives_json() -> None:
    for verdict in (python_verdict({"a.json": b"{}"}), python_verdict({"../\ud800": b""})):
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict
        assert verdict.inspector_version == INSPECTOR_VERSION
        assert verdict.format == "python"


def test_a_verdict_is_closed_and_frozen() -> None:
    verdict = python_verdict({})
    with pytest.raises(ValidationError):
        Verdict.model_validate({**verdict.model_dump(), "parameters": 1})
    with pytest.raises(ValidationError):
        verdict.refusals = ()  # type: ignore[misc]


def test_the_same_files_have_the_same_verdict_in_any_order() -> None:
    files = memory_files({"model.py": b"x = 1\n", "b.txt": b"b", "a.so": b"", "c.pt": b""})
    assert inspect_artifact(files, format="python") == inspect_artifact(
        files[::-1], format="python"
    )


def test_refusals_are_listed_to_a_limit() -> None:
    verdict = python_verdict({f"{number}.so": b"" for number in range(100)})
    assert codes(verdict) == ["native_code"] * MAX_REFUSALS


@settings(deadline=None)
@given(st.text(st.characters(), max_size=300))
def test_names_are_shown_printable_and_cut(name: str) -> None:
    visible = shown(name)
    assert visible.isprintable()
    assert len(visible) <= 200
    assert visible.encode().decode() == visible


def test_a_name_can_t_forge_a_line() -> None:
    entry = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    content = safetensors_bytes({"w\x1b[31m\nscored: 1.0": entry}, b"\0")
    (tensor,) = python_verdict({"w.safetensors": content}).tensors
    assert tensor.name == "w\ufffd[31m\ufffdscored: 1.0"


def test_formats_are_found_by_their_entry() -> None:
    assert detect_format(memory_files({"model.onnx": b""})) == "onnx"
    assert detect_format(memory_files({"a.txt": b"", "model.py": b""})) == "python"
    assert detect_format(memory_files({"config.json": b"", "model.py": b""})) == "python"
    assert detect_format(memory_files({"config.json": b""})) == "transformers"
    assert detect_format(memory_files({"predictions.csv": b""})) == "predictions"
    assert detect_format(memory_files({"predictions.parquet": b""})) == "predictions"
    assert detect_format(memory_files({"net/model.py": b""})) is None
    assert detect_format([]) is None


def test_participant_code_runs_in_format_python_alone() -> None:
    assert participant_code_formats == {"python"}
    assert set(FORMATS) == {"onnx", "python", "transformers", "predictions"}


def test_a_format_is_one_entry_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new format must bring: a name, an entry file, and a function that counts."""

    def inspect(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
        ledger.add_side_bytes(sum(file.size for file in files.values()))

    table = Format("table", ("table.csv",), runs_participant_code=False, inspect=inspect)
    monkeypatch.setattr(inspector, "FORMATS", {**FORMATS, "table": table})
    files = memory_files({"table.csv": b"1,2\n"})
    assert detect_format(files) == "table"
    verdict = inspect_artifact(files, format="table")
    assert verdict.counts is not None
    assert verdict.counts.artifact_bytes == 4
