"""A CSV table whose rows are named by the column `id`, read strictly.

Spaces around an id do not count. What else a cell holds is kept as it was written.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ID: Final = "id"
TABLE_BYTES: Final = 256 * 1024**2
"""The largest table that is read."""
SHOWN_CHARACTERS: Final = 60


class MalformedTable(ValueError):
    """The file is no such table. `reason` is a stable code, `detail` a sentence with the line."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: the line on which it ends, its id, and its other cells."""

    line: int
    id: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A table: its columns without `id`, and its rows by their distinct ids, in order."""

    columns: tuple[str, ...]
    rows: dict[str, TableRow]


def shown(text: str) -> str:
    """A cell as an error quotes it: escaped, and cut where it is long."""
    quoted = ascii(text)
    return quoted if len(quoted) <= SHOWN_CHARACTERS else f"{quoted[:SHOWN_CHARACTERS]}…"


def read_table(path: Path, *, most_rows: int | None = None) -> CsvTable:
    """Read a table, and stop at the first fault.

    Raises `MalformedTable` with one of the reasons `too_large`, `not_text`, `wrong_columns`,
    `malformed_row`, `missing_id`, `duplicate_id`, `too_many_rows`.
    """
    size = path.stat().st_size
    if size > TABLE_BYTES:
        raise MalformedTable("too_large", f"It has {size} bytes; at most {TABLE_BYTES} are read.")
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(next(reader, []))
            rows: dict[str, TableRow] = {}
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                row = _row(cells, header, line)
                if row.id in rows:
                    raise MalformedTable(
                        "duplicate_id", f"Line {line}: the id {shown(row.id)} came before."
                    )
                rows[row.id] = row
                if most_rows is not None and len(rows) > most_rows:
                    raise MalformedTable(
                        "too_many_rows", f"Line {line}: {most_rows} rows are due, this is one more."
                    )
    except UnicodeDecodeError as error:
        raise MalformedTable("not_text", f"It is not UTF-8: {error.reason}.") from error
    except csv.Error as error:
        raise MalformedTable(
            "malformed_row", f"After line {line} it is not CSV: {error}."
        ) from error
    place = header.index(ID)
    return CsvTable(columns=(*header[:place], *header[place + 1 :]), rows=rows)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    if names.count(ID) != 1:
        raise MalformedTable("wrong_columns", f"Line 1 must name one column {ID!r}.")
    if "" in names or len(set(names)) != len(names):
        raise MalformedTable("wrong_columns", "Line 1 must name each column, and no name twice.")
    return names


def _row(cells: list[str], header: list[str], line: int) -> TableRow:
    if len(cells) != len(header):
        raise MalformedTable(
            "malformed_row", f"Line {line}: {len(cells)} values where {len(header)} are due."
        )
    if any("\0" in cell for cell in cells):
        raise MalformedTable("malformed_row", f"Line {line}: a NUL character is no text.")
    place = header.index(ID)
    identity = cells[place].strip()
    if not identity:
        raise MalformedTable("missing_id", f"Line {line}: the id is empty.")
    return TableRow(line, identity, (*cells[:place], *cells[place + 1 :]))
