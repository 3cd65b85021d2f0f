"""The format `predictions`: one table, of which only the first line is read."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection import Verdict, inspect_artifact, limits
from tests.evaluator.inspection.artifacts import CountedFile, codes, memory_files


def verdict_on(**files: bytes) -> Verdict:
    named = {name.replace("_", "."): content for name, content in files.items()}
    return inspect_artifact(memory_files(named), format="predictions")


@pytest.mark.parametrize(
    "content",
    [
        b"id,label\n1,3\n",
        b"id,label\r\n1,3\r\n",
        b'id,"label, or none",c\n',
        b"id,label",
        b"\xef\xbb\xbfid,label\n",
        "id,größe\n".encode(),
    ],
    ids=repr,
)
def test_a_table_has_side_bytes_and_no_parameters(content: bytes) -> None:
    counts = verdict_on(predictions_csv=content).counts
    assert counts is not None
    assert (counts.parameters, counts.tensor_bits) == (0, 0)
    assert counts.side_bytes == counts.artifact_bytes == len(content)


def test_parquet_is_refused_as_what_it_is() -> None:
    assert codes(verdict_on(predictions_parquet=b"PAR1" + bytes(8))) == ["predictions_parquet"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"id\n",
        b"label,id\n",
        b"ID,label\n",
        b"id;label\n",
        b"id,\n",
        b"id,a,a\n",
        b'id,"label\n',
        b"id,label\0\n",
        b"id,\x1b[31m\n",
        b"id,\xff\n",
        "id,label\n".encode("utf-16"),
        b"id," + b"x" * limits.MAX_PREDICTIONS_HEADER_BYTES + b"\n",
        b"id" + b",x%d" * 5000 % tuple(range(5000)) + b"\n",
    ],
    ids=lambda content: repr(content[:20]),
)
def test_a_header_must_name_its_columns(content: bytes) -> None:
    assert codes(verdict_on(predictions_csv=content)) == ["predictions_malformed"]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"predictions_csv": b"\x80\x04N."}, "pickle"),
        ({"predictions_parquet": b"PK\x03\x04\x14\0"}, "nested_archive"),
        ({"predictions_csv": b"\x7fELF\x02"}, "native_code"),
        ({"predictions_csv": b"id,a\n", "predictions_parquet": b"PAR1"}, "unknown_file_kind"),
        ({"predictions_csv": b"id,a\n", "README_md": b"text"}, "unknown_file_kind"),
        ({"predictions_csv": b"id,a\n", "more_csv": b"id,a\n"}, "unknown_file_kind"),
        ({"predictions_csv": b"id,a\n", "model_pkl": b""}, "pickle"),
        ({"submission_csv": b"id,a\n"}, "missing_model"),
    ],
    ids=str,
)
def test_the_table_is_alone(files: dict[str, bytes], code: str) -> None:
    assert codes(verdict_on(**files)) == [code]


def test_rows_are_not_read(tmp_path: Path) -> None:
    place = tmp_path / "predictions.csv"
    with place.open("wb") as stream:
        stream.write(b"id,label\n")
        stream.truncate(limits.MAX_PREDICTIONS_BYTES)
    file = CountedFile("predictions.csv", place)
    assert inspect_artifact([file], format="predictions").accepted
    assert sum(file.reads) <= limits.MAX_PREDICTIONS_HEADER_BYTES


@settings(deadline=None)
@given(st.sampled_from(["predictions_csv", "predictions_parquet"]), st.binary(max_size=60))
def test_any_content_has_a_verdict(path: str, content: bytes) -> None:
    verdict = verdict_on(**{path: content})
    assert verdict.accepted is (verdict.counts is not None)
