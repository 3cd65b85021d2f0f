"""The rows of a pack's data files, in a form in which rows of different files can be compared.

A row of numbers is a tuple of floats, whatever the type and shape it was stored in; a row of text
is the text. So a hidden image that a public CSV holds is found as well as one in a public array.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from evaluator.inspection.files.npy_header import HEAD_BYTES, parse_npy
from evaluator.inspection.refusals import Refused
from minigiants.competitions.pack_labels import ID, LABEL, USAGE, read_csv
from minigiants.competitions.problems import PackFault, PackRefused

Row = tuple[float, ...] | str

ARRAY, LINES, TABLE = ".npy", ".jsonl", ".csv"
_STRUCT_CODES: Final = {
    "b1": "?", "u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "u8": "Q",
    "i8": "q", "f2": "e", "f4": "f",
}  # fmt: skip
_BESIDE: Final = frozenset({ID, LABEL, USAGE})


def input_rows(path: Path, file: str) -> Iterator[tuple[int, Row]]:
    """The rows of a file of inputs, `.npy` or `.jsonl`, each with its number from 1.

    Raises PackRefused for a file that is neither.
    """
    if file.endswith(ARRAY):
        return _array_rows(path, file)
    if file.endswith(LINES):
        return _lines(path, file)
    raise PackRefused([PackFault(file, None, "", "inputs are .npy or .jsonl")])


def public_rows(path: Path, file: str, *, texts: bool) -> Iterator[tuple[int, Row]]:
    """The rows of a public file that could give hidden ones away, each with its line or number.

    Of a CSV these are each cell if the hidden rows are `texts`, else the numbers of each line
    without id, label and usage. Other kinds of files have none.
    """
    if file.endswith((ARRAY, LINES)):
        yield from input_rows(path, file)
    elif file.endswith(TABLE):
        table = read_csv(path, file)
        inputs = [
            place for place, name in enumerate(table.columns) if name.strip().lower() not in _BESIDE
        ]
        for row in table.rows:
            cells = [row.cells[place] for place in inputs]
            numbers = None if texts else _numbers(cells)
            if texts:
                yield from ((row.line, cell) for cell in cells)
            elif numbers is not None:
                yield row.line, numbers


def _numbers(cells: list[str]) -> tuple[float, ...] | None:
    try:
        return tuple(float(cell) for cell in cells)
    except ValueError:
        return None


def _array_rows(path: Path, file: str) -> Iterator[tuple[int, Row]]:
    with path.open("rb") as stream:
        try:
            header = parse_npy(stream.read(HEAD_BYTES), path.stat().st_size, file)
        except Refused as refused:
            raise PackRefused([PackFault(file, None, "", str(refused))]) from refused
        count = header.shape[0] if header.shape else 0
        if not count:
            raise PackRefused([PackFault(file, None, "", "is an array without rows")])
        width = header.elements // count
        code = struct.Struct(f"<{width}{_STRUCT_CODES[header.element.name]}")
        stream.seek(header.header_bytes)
        for number in range(1, count + 1):
            yield number, tuple(map(float, code.unpack(stream.read(code.size))))


def _lines(path: Path, file: str) -> Iterator[tuple[int, Row]]:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise PackRefused([PackFault(file, number, "", "is no JSON")]) from error
            if not isinstance(record, dict) or not isinstance(record.get("text"), str):
                raise PackRefused([PackFault(file, number, "", 'has no "text"')])
            yield number, record["text"]
