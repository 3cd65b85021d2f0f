"""The beginning of a public data file, for a look before it is downloaded."""

import csv
import io
from dataclasses import dataclass
from math import prod
from pathlib import PurePosixPath
from tokenize import TokenError
from typing import Any, Final, Literal

from minigiants.competitions.models import PackFile
from minigiants.core.blobstore import blob_store

LOOKED_AT: Final = 64 * 1024
"""How many bytes are read."""
ROWS: Final = 10
COLUMNS: Final = 20
CHARACTERS: Final = 120
"""How much of a cell or a line is shown."""
VALUES: Final = 12
"""How many numbers of an array are shown."""
TEXTS: Final = {".txt", ".md", ".json", ".jsonl", ".py", ".yaml", ".yml"}


@dataclass(frozen=True)
class Preview:
    """What a file begins with: rows below a header, lines, or an array's shape and first values.

    `note` says what it is in a sentence, or why nothing of it is shown.
    """

    kind: Literal["table", "lines", "array", "none"]
    note: str
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()


NOTHING: Final = Preview("none", "Nothing of a file of this kind is shown here. Download it.")


def preview_of(file: PackFile) -> Preview:
    """The beginning of `file`; of kinds that it can't read, and of damaged ones, a note alone."""
    suffix = PurePosixPath(file.path).suffix.lower()
    if suffix not in {".csv", ".tsv", ".npy", *TEXTS}:
        return NOTHING
    with blob_store().open(file.digest) as stream:
        head = stream.read(LOOKED_AT)
    if suffix == ".npy":
        return _array(head)
    # What is cut off in the middle is no line, and perhaps no character.
    whole = head if file.size <= len(head) else head[: head.rfind(b"\n") + 1]
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Preview("none", "It is not UTF-8 text. Download it.")
    if suffix in {".csv", ".tsv"}:
        return _table(text, delimiter="\t" if suffix == ".tsv" else ",")
    lines = text.splitlines()
    return Preview("lines", _first(len(lines), "line"), lines=tuple(map(_cut, lines[:ROWS])))


def _table(text: str, *, delimiter: str) -> Preview:
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return Preview("none", "It is not a table that can be read. Download it.")
    shown = [tuple(_cut(cell) for cell in row[:COLUMNS]) for row in rows[: ROWS + 1] if row]
    if not shown:
        return Preview("none", "It is empty.")
    wide = len(rows[0]) > COLUMNS
    note = _first(len(rows) - 1, "row") + (f" The first {COLUMNS} columns." if wide else "")
    return Preview("table", note, header=shown[0], rows=tuple(shown[1:]))


def _array(head: bytes) -> Preview:
    import numpy as np  # the web process starts without it
    from numpy.lib import format as npy

    stream = io.BytesIO(head)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream)
    except (ValueError, KeyError, TypeError, SyntaxError, TokenError, RecursionError):
        return Preview("none", "Its header can't be read. Download it.")
    told = " by ".join(f"{size:,}" for size in shape) or "one value"
    note = f"An array of {dtype}: {told}{', columns first' if fortran else ''}."
    if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0:
        return Preview("array", note)
    count = min(VALUES, (len(head) - stream.tell()) // dtype.itemsize, prod(shape))
    values: Any = np.frombuffer(head, dtype, count=count, offset=stream.tell())
    return Preview("array", note, lines=(_cut("  ".join(str(value) for value in values)),))


def _first(found: int, what: str) -> str:
    if found <= ROWS:
        return "All of it."
    return f"The first {ROWS} {what}s."


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 1] + "…"
