"""Checks the ends of a table of predictions. The rows are not read."""

import csv

from evaluator.inspection import limits
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

ID_COLUMN = "id"
_MAX_COLUMNS = 4096
_PARQUET_MAGIC = b"PAR1"
_FOOTER_BYTES = 8
"""At the end of a Parquet file: the length of its metadata, little-endian, and the magic."""


def check_csv(reader: ExactReader) -> None:
    """Checks the first line of a CSV file: UTF-8, `id` first, every column named once.

    Raises `Refused`. How many bytes the file may have is for the caller to check.
    """
    head = reader.head(limits.MAX_PREDICTIONS_HEADER_BYTES)
    line, newline, _ = head.partition(b"\n")
    if not newline and reader.size > len(head):
        raise _malformed(reader.path, f"has no end of its first line within {len(head)} bytes")
    try:
        text = line.decode("utf-8")
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


def check_parquet(reader: ExactReader) -> None:
    """Checks the magic at both ends of a Parquet file, and that its footer lies in it.

    After the file format of Apache Parquet. An encrypted file has another magic (PARE), and is
    refused. Raises `Refused`.
    """
    if reader.size < len(_PARQUET_MAGIC) + _FOOTER_BYTES:
        raise _malformed(reader.path, "is too short for Parquet")
    tail = reader.read(reader.size - _FOOTER_BYTES, _FOOTER_BYTES)
    if {reader.head(len(_PARQUET_MAGIC)), tail[4:]} != {_PARQUET_MAGIC}:
        raise _malformed(reader.path, "does not start and end like Parquet")
    footer = int.from_bytes(tail[:4], "little")
    if not 0 < footer <= reader.size - len(_PARQUET_MAGIC) - _FOOTER_BYTES:
        raise _malformed(reader.path, f"has a footer of {footer} bytes, which do not fit")


def _malformed(path: str, what: str) -> Refused:
    return Refused(RefusalCode.PREDICTIONS_MALFORMED, path, f"{shown(path)} {what}.")
