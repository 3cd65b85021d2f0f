"""The labels file: what it says is what is read, and each mistake has its own reason."""

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator.contract import Split
from evaluator.tasks.errors import InvalidLabels
from evaluator.tasks.labels import LabelKind, LabelRow, read_labels

NUMBERS = {"cat": 0, "dog": 1}


def parse(rows: Sequence[LabelRow]) -> NDArray[np.int64]:
    for row in rows:
        if row.cells[0] not in NUMBERS:
            raise InvalidLabels("unknown_label", f"Line {row.line}: {row.cells[0]!r}")
    return np.array([NUMBERS[row.cells[0]] for row in rows])


KIND = LabelKind(columns=("label",), parse=parse)


def write(folder: Path, text: str | bytes) -> Path:
    file = folder / "labels.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20)
IDS = TEXT.map(str.strip).filter(bool)
ROWS = st.lists(
    st.tuples(IDS, st.sampled_from(["cat", "dog"]), st.sampled_from(["Public", "PRIVATE"])),
    min_size=2,
    max_size=30,
    unique_by=lambda row: row[0],
).filter(lambda rows: len({usage for _, _, usage in rows}) == 2)


@settings(deadline=None)
@given(rows=ROWS, order=st.permutations(["id", "label", "usage"]))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], order: list[str]
) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, order)
    writer.writeheader()
    writer.writerows(dict(zip(("id", "label", "usage"), row, strict=True)) for row in rows)
    labels = read_labels(write(tmp_path_factory.mktemp("labels"), text.getvalue()), KIND)
    assert labels.ids == tuple(identity for identity, _, _ in rows)
    assert labels.values.tolist() == [NUMBERS[label] for _, label, _ in rows]
    assert labels.mask(Split.PUBLIC).tolist() == [usage == "Public" for _, _, usage in rows]
    assert (labels.mask(Split.PRIVATE) == ~labels.mask(Split.PUBLIC)).all()


@settings(deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_end_in_labels_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    for head in (b"", b"id,label,usage\n"):
        with suppress(InvalidLabels):
            labels = read_labels(write(tmp_path_factory.mktemp("labels"), head + content), KIND)
            assert len(labels) == len(labels.values) == len(labels.public)


GOOD = "id,label,usage\na,cat,Public\nb,dog,Private\n"


def test_spreadsheets_write_a_mark_and_other_line_ends(tmp_path: Path) -> None:
    text = "\ufeff" + GOOD.replace("\n", "\r\n") + "\r\n"
    assert read_labels(write(tmp_path, text), KIND, examples=2).ids == ("a", "b")


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("", "wrong_columns", "id, label, usage"),
        ("id,label\na,cat\n", "wrong_columns", "usage"),
        ("id,label,usage,more\n", "wrong_columns", "more"),
        ("id,label,usage\na,cat\n", "malformed_row", "Line 2"),
        ('id,label,usage\n"a,cat,Public\n', "malformed_row", "CSV"),
        ("id,label,usage\n ,cat,Public\n", "missing_id", "Line 2"),
        (GOOD + "a,cat,Public\n", "duplicate_id", "Line 4: the id 'a'"),
        (GOOD.replace("cat", "cow"), "unknown_label", "'cow'"),
        (GOOD + "c,cat,Secret\n", "unknown_usage", "'Secret'"),
        (GOOD + "c,cat,Public\n", "wrong_count", "3 labels for 2 inputs"),
        ("id,label,usage\na,cat,Public\nb,dog,Public\n", "empty_split", "private"),
        ("id,label,usage\na,cat,Private\nb,dog,Private\n", "empty_split", "public"),
        (b"id,label,usage\n\xff\xfe,cat,Public\n", "not_text", "UTF-8"),
    ],
)
def test_each_mistake_has_its_reason(
    tmp_path: Path, text: str | bytes, reason: str, says: str
) -> None:
    with pytest.raises(InvalidLabels) as caught:
        read_labels(write(tmp_path, text), KIND, examples=2)
    assert caught.value.reason == reason
    assert says in caught.value.detail
