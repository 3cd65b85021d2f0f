"""The labels of a pack: checked, and told apart into the public and the private split.

Whatever `split` says in `competition.yaml`, the labels that a version keeps have a column `usage`
with `Public` or `Private`, which is what score workers read. In retrieval the rows of documents,
which are no questions and count towards neither, bear `Document`.
"""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minigiants.competitions.pack import PackSpec
from minigiants.competitions.pack_split import ColumnSplit, FractionSplit
from minigiants.competitions.problems import PackFault, PackRefused

ID, USAGE, LABEL = "id", "usage", "label"
PUBLIC, PRIVATE, DOCUMENT = "Public", "Private", "Document"
RETRIEVAL: Final = "embedding"
MAX_FAULTS: Final = 20


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row and the line, from 1, on which it ends."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV file with a header. `file` is what faults call it. Each row is as long as `columns`."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[CsvRow, ...]

    def place(self, column: str) -> int | None:
        """Where the column stands, from 0, whatever its case; None where there is none."""
        names = [name.strip().lower() for name in self.columns]
        return names.index(column.lower()) if column.lower() in names else None

    def column(self, column: str) -> Sequence[str]:
        """The cells of a column, without spaces around them. Raises PackRefused."""
        place = self.place(column)
        if place is None:
            raise PackRefused([PackFault(self.file, 1, "", f"has no column {column!r}")])
        return [row.cells[place].strip() for row in self.rows]


@dataclass(frozen=True, slots=True)
class Splits:
    """The labels with each row's usage, and how many rows count for which split."""

    labels: CsvTable
    usages: tuple[str, ...]

    @property
    def public(self) -> int:
        """Rows of the public split."""
        return self.usages.count(PUBLIC)

    @property
    def private(self) -> int:
        """Rows of the private split."""
        return self.usages.count(PRIVATE)

    def write(self, target: Path, *, column: str) -> None:
        """Write the labels as score workers read them; `column` told the usage so far, if any."""
        dropped = self.labels.place(column)
        with target.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*_without(self.labels.columns, dropped), USAGE])
            for row, usage in zip(self.labels.rows, self.usages, strict=True):
                writer.writerow([*_without(row.cells, dropped), usage])


def _without(cells: Sequence[str], place: int | None) -> Sequence[str]:
    return cells if place is None else (*cells[:place], *cells[place + 1 :])


def read_csv(path: Path, file: str) -> CsvTable:
    """A CSV file in UTF-8 whose first line names its columns. Raises PackRefused."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = tuple(next(reader, ()))
            rows = [CsvRow(reader.line_num, tuple(row)) for row in reader if row]
    except UnicodeDecodeError as error:
        raise PackRefused([PackFault(file, None, "", "is not UTF-8")]) from error
    except csv.Error as error:
        raise PackRefused([PackFault(file, None, "", f"is no CSV: {error}")]) from error
    faults = [
        PackFault(file, row.line, "", f"has {len(row.cells)} cells, the header has {len(header)}")
        for row in rows
        if len(row.cells) != len(header)
    ]
    if not header or faults:
        raise PackRefused(faults[:MAX_FAULTS] or [PackFault(file, 1, "", "names no columns")])
    return CsvTable(file, header, tuple(rows))


def split_labels(spec: PackSpec, labels: CsvTable, split_file: CsvTable | None) -> Splits:
    """Which row counts for which split. `split_file` is what a split by file names.

    Raises PackRefused for an id that is missing or comes twice, a usage that there is not, and a
    split without a row.
    """
    ids = labels.column(ID)
    faults = [*_ids_differ(labels, ids)]
    if faults:
        raise PackRefused(faults[:MAX_FAULTS])
    usages = tuple(_usages(spec, labels, ids, split_file))
    splits = Splits(labels, usages)
    for name, rows in ((PUBLIC, splits.public), (PRIVATE, splits.private)):
        if rows == 0:
            faults.append(PackFault(labels.file, None, "", f"no row counts for the {name} split"))
    if faults:
        raise PackRefused(faults)
    return splits


def _ids_differ(table: CsvTable, ids: Sequence[str]) -> Iterator[PackFault]:
    first: dict[str, int] = {}
    for row, name in zip(table.rows, ids, strict=True):
        if not name:
            yield PackFault(table.file, row.line, ID, "the id is empty")
        elif name in first:
            message = f"the id {name!r} stands on line {first[name]} already"
            yield PackFault(table.file, row.line, ID, message)
        else:
            first[name] = row.line


def _usages(
    spec: PackSpec, labels: CsvTable, ids: Sequence[str], split_file: CsvTable | None
) -> Sequence[str]:
    split = spec.split
    has_documents = spec.task.type == RETRIEVAL
    if isinstance(split, ColumnSplit):
        return _as_usages(labels, split.column, has_documents=has_documents)
    if labels.place(USAGE) is not None:
        raise PackRefused(
            [
                PackFault(
                    labels.file, 1, "", f"has a column {USAGE!r}, but the split is by {split.by}"
                )
            ]
        )
    documents = [
        has_documents and not label for label in (labels.column(LABEL) if has_documents else ids)
    ]
    asked = [name for name, is_document in zip(ids, documents, strict=True) if not is_document]
    if isinstance(split, FractionSplit):
        public = _public_fraction(asked, split)
        usage_of = {name: PUBLIC if name in public else PRIVATE for name in asked}
    elif split_file is not None:
        usage_of = _told_by_file(split_file, labels, frozenset(asked))
    else:
        raise PackRefused([PackFault(labels.file, None, "split", "the file of the split is gone")])
    return [usage_of.get(name, DOCUMENT) for name in ids]


def _as_usages(table: CsvTable, column: str, *, has_documents: bool) -> list[str]:
    known = {name.lower(): name for name in (PUBLIC, PRIVATE, *((DOCUMENT,) * has_documents))}
    cells = table.column(column)
    faults = [
        PackFault(
            table.file, row.line, column, f"is {cell[:40]!r}, none of {', '.join(known.values())}"
        )
        for row, cell in zip(table.rows, cells, strict=True)
        if cell.lower() not in known
    ]
    if faults:
        raise PackRefused(faults[:MAX_FAULTS])
    return [known[cell.lower()] for cell in cells]


def _public_fraction(ids: Sequence[str], split: FractionSplit) -> frozenset[str]:
    """The ids whose hash with the seed is smallest: as many as the fraction says, to the row."""
    ordered = sorted(ids, key=lambda name: hashlib.sha256(f"{split.seed}:{name}".encode()).digest())
    return frozenset(ordered[: round(split.public * len(ids))])


def _told_by_file(table: CsvTable, labels: CsvTable, asked: frozenset[str]) -> dict[str, str]:
    named = table.column(ID)
    faults = list(_ids_differ(table, named))
    faults += [
        PackFault(table.file, row.line, ID, f"the labels have no id {name!r}")
        for row, name in zip(table.rows, named, strict=True)
        if name not in asked
    ]
    untold = asked.difference(named)
    faults += [
        PackFault(labels.file, row.line, ID, f"{table.file} does not tell the split of {name!r}")
        for row, name in zip(labels.rows, labels.column(ID), strict=True)
        if name in untold
    ]
    if faults:
        raise PackRefused(faults[:MAX_FAULTS])
    usages = _as_usages(table, USAGE, has_documents=False)
    return dict(zip(named, usages, strict=True))
