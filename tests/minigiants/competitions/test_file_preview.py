"""How public files begin: what is shown, how much of it, and never what is hidden."""

import io
from typing import Any

import numpy as np
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigiants.competitions import file_preview
from minigiants.competitions.file_preview import Preview, preview_of
from minigiants.competitions.models import Competition, PackFile
from minigiants.competitions.selectors import current_version
from tests.support.factories import CompetitionFactory, stored_blob

pytestmark = pytest.mark.django_db
SUFFIXES = ["csv", "tsv", "npy", "txt", "jsonl", "bin"]


def previewed(name: str, content: bytes) -> Preview:
    blob = stored_blob(content)
    return preview_of(PackFile(path=name, digest=blob.digest, size=blob.size))


def npy(array: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def test_a_table_shows_its_first_rows_and_columns() -> None:
    wide = ",".join(f"c{number}" for number in range(30))
    found = previewed("a.csv", f"{wide}\n{'1,' * 29}{'x' * 500}\n".encode() * 1 + b"y" * 3)
    assert found.kind == "table"
    assert len(found.header) == 20
    assert found.note == "All of it. The first 20 columns."
    many = previewed("b.csv", b"id,label\n" + b"".join(b"%d,1\n" % n for n in range(50_000)))
    assert many.header == ("id", "label")
    assert [row[0] for row in many.rows] == [str(number) for number in range(10)]
    assert many.note == "The first 10 rows."


def test_long_cells_and_lines_are_cut() -> None:
    assert len(previewed("a.csv", b"id\n" + b"x" * 5000).rows[0][0]) == 120
    assert len(previewed("a.txt", b"x" * 5000).lines[0]) == 120


def test_a_character_that_the_limit_cuts_in_two_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_preview, "LOOKED_AT", 7)
    assert previewed("a.txt", "one\nzwö\n".encode()).lines == ("one",)


def test_an_array_tells_its_shape_and_first_values() -> None:
    found = previewed("a.npy", npy(np.arange(600, dtype=np.int16).reshape(200, 3)))
    assert found.note == "An array of int16: 200 by 3."
    assert found.lines == ("0  1  2  3  4  5  6  7  8  9  10  11",)
    assert previewed("a.npy", npy(np.float32(2.5))).lines == ("2.5",)
    assert previewed("a.npy", npy(np.zeros((0, 4)))).note == "An array of float64: 0 by 4."


def test_objects_are_never_loaded() -> None:
    found = previewed("a.npy", npy(np.array([{"a": 1}]), allow_pickle=True))
    assert (found.kind, found.lines) == ("array", ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b"nonsense"),
        ("a.npy", b"\x93NUMPY\x09\x00"),
        ("a.csv", b"\xff\xfe"),
        ("a.csv", b""),
        ("a.parquet", b"PAR1"),
    ],
)
def test_what_can_not_be_read_is_said(name: str, content: bytes) -> None:
    found = previewed(name, content)
    assert found.kind == "none"
    assert found.note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=300), suffix=st.sampled_from(SUFFIXES))
def test_no_bytes_make_it_fail(content: bytes, suffix: str) -> None:
    assert previewed(f"a.{suffix}", content).note


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    shape=st.text(alphabet="-0123456789(), [{'x", max_size=30),
    descr=st.sampled_from(["<f4", "|O", "|V0", "<U9999", "f", "[('a','<f4',(2,))]", "{}"]),
    major=st.integers(min_value=0, max_value=4),
)
def test_no_header_of_an_array_makes_it_fail(shape: str, descr: str, major: int) -> None:
    header = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    length = len(header).to_bytes(2 if major == 1 else 4, "little")
    content = b"\x93NUMPY" + bytes([major, 0]) + length + header + b"\1" * 64
    assert previewed("a.npy", content).note


@pytest.fixture
def competition() -> Competition:
    found = CompetitionFactory(slug="digits")
    for role, path in ((PackFile.Role.PUBLIC, "some/train.csv"), (PackFile.Role.LABELS, "y.csv")):
        blob = stored_blob(b"id,label\n1,<b>secret</b>\n" + role.encode())
        PackFile.objects.create(
            version=current_version(found),
            role=role,
            path=path,
            digest=blob.digest,
            size=blob.size,
        )
    return found


def test_the_page_shows_it_and_hidden_files_have_none(competition: Competition) -> None:
    client = Client()
    listed = client.get("/competitions/digits/data/").text
    assert 'href="/competitions/digits/data/some/train.csv"' in listed
    text = client.get("/competitions/digits/data/some/train.csv").text
    assert "&lt;b&gt;secret" in text
    assert "/api/v1/competitions/digits/data/some/train.csv" in text
    for path in ("y.csv", "other.csv", "some/train.csv/"):
        assert client.get(f"/competitions/digits/data/{path}").status_code == 404


def test_who_may_not_see_the_competition_sees_no_file_of_it(competition: Competition) -> None:
    Competition.objects.update(audience="invitation")
    assert Client().get("/competitions/digits/data/some/train.csv").status_code == 404
