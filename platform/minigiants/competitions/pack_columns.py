"""What the columns of a public table are, for those who describe data to other tools."""

import csv
from pathlib import Path
from typing import Final

ROWS_LOOKED_AT: Final = 1000
INTEGER, NUMBER, TEXT = "integer", "number", "text"


def table_columns(path: Path) -> list[dict[str, str]]:
    """Name and type (`integer`, `number` or `text`) of a CSV's columns; of other files none.

    The type is that of the first rows: it describes, and nothing relies on it.
    """
    if path.suffix != ".csv":
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            rows = [row for _, row in zip(range(ROWS_LOOKED_AT), reader, strict=False)]
    except (UnicodeDecodeError, csv.Error):
        return []
    rows = [row for row in rows if len(row) == len(header)]
    return [
        {"name": name, "type": _type_of([row[place] for row in rows])}
        for place, name in enumerate(header)
        if name
    ]


def _type_of(cells: list[str]) -> str:
    for name, convert in ((INTEGER, int), (NUMBER, float)):
        try:
            for cell in cells:
                convert(cell)
        except ValueError:
            continue
        if cells:
            return name
    return TEXT
