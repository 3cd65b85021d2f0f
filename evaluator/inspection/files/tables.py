"""Checks the first line of a table of predictions. The rows are not read."""

import csv

from evaluator.inspection import limits
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

ID_COLUMN = "id"
_MAX_COLUMNS = 4096


def check_csv(reader: ExactReader) -> None:
    """Checks the first line of a CSV file: UTF-8, `id` first, every column named once.

    A byte order mark is allowed, for Excel writes one. How many bytes the file may have is for the
    caller to check. Raises `Refused`.
    """
    head = reader.head(limits.MAX_PREDICTIONS_HEADER_BYTES)
    line, newline, _ = head.partition(b"\n")
    if not newline and reader.size > len(head):
        raise _malformed(reader.path, f"has no end of its first line within {len(head)} bytes")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed(reader.path, "has a first line that is not UTF-8") from error
    if not text.rstrip("\r").isprintable():
        raise _malformed(reader.path, "has a first line with characters that are no text")
    try:
        columns = next(csv.reader([text], strict=True), [])
    except csv.Error as error:
        raise _malformed(reader.path, "has a first line that is not CSV") from error
    if not columns or columns[0] != ID_COLUMN:
        raise _malformed(reader.path, f"does not begin with the column {ID_COLUMN}")
    if len(columns) < 2 or len(columns) > _MAX_COLUMNS or "" in columns:
        raise _malformed(reader.path, f"has {len(columns)} columns, or one without a name")
    if len(set(columns)) != len(columns):
        raise _malformed(reader.path, "names a column twice")


def refuse_parquet(reader: ExactReader) -> None:
    """Raises `Refused`: nothing of the platform reads Parquet."""
    what = f"{shown(reader.path)} is not CSV."
    raise Refused(RefusalCode.PREDICTIONS_PARQUET, reader.path, what)


def _malformed(path: str, what: str) -> Refused:
    return Refused(RefusalCode.PREDICTIONS_MALFORMED, path, f"{shown(path)} {what}.")
