"""The labels of a hidden test set: a CSV file with the columns `id`, `label` and `usage`.

Row i belongs to row i of the inputs. `usage` is `Public` or `Private`, in any case, and says
which score the example counts towards. A task in which some inputs are answers to the others
marks those `Document`: they count towards neither. A task with several labels an example names
their columns itself. Spaces around a value do not count.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import Split
from evaluator.tasks.errors import InvalidLabels

LABELS_BYTES = 256 * 1024**2
"""The largest labels file that is read."""


class Usage(StrEnum):
    """What a row of the labels is there for."""

    PUBLIC = "public"
    PRIVATE = "private"
    DOCUMENT = "document"


USAGES: Mapping[str, Usage] = {usage.value: usage for usage in Usage}


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One row of a labels file: its line, the example's name, and its labels as written."""

    line: int
    id: str
    cells: tuple[str, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class LabelKind:
    """How a task writes its labels.

    `columns` are the columns of labels. `parse` maps the rows to an array whose first axis is
    theirs, and raises `InvalidLabels` for labels that are none. `has_documents` allows the usage
    `Document`.
    """

    columns: tuple[str, ...]
    parse: Callable[[Sequence[LabelRow]], NDArray[Any]]
    has_documents: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is true, and which split each example belongs to.

    `ids` are the n distinct names of the examples, `values` an array whose first axis is n, as
    the task defines it; `public` and `private` are bool arrays [n]: which examples count for the
    score of that split.
    """

    ids: tuple[str, ...]
    values: NDArray[Any]
    public: NDArray[np.bool_]
    private: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """A bool array [n]: which examples count at all."""
        return self.public | self.private

    def mask(self, split: Split) -> NDArray[np.bool_]:
        """A bool array [n]: which examples the split holds."""
        return self.public if split is Split.PUBLIC else self.private


def read_labels(path: Path, kind: LabelKind, examples: int | None = None) -> Labels:
    """Read a labels file; `examples` is how many rows are due, where that is known.

    Raises `InvalidLabels` with one of the reasons `too_large`, `not_text`, `wrong_columns`,
    `malformed_row`, `missing_id`, `duplicate_id`, `unknown_label`, `unknown_usage`,
    `wrong_count`, `empty_split`.
    """
    size = path.stat().st_size
    if size > LABELS_BYTES:
        raise InvalidLabels("too_large", f"{size} bytes; at most {LABELS_BYTES} are read.")
    rows = list(_rows(path, kind))
    if examples is not None and len(rows) != examples:
        raise InvalidLabels("wrong_count", f"{len(rows)} labels for {examples} inputs.")
    usages = [row.usage for row in rows]
    for needed in (Usage.PUBLIC, Usage.PRIVATE):
        if needed not in usages:
            raise InvalidLabels("empty_split", f"No example counts for the {needed} score.")
    return Labels(
        ids=tuple(row.id for row in rows),
        values=kind.parse(rows),
        public=np.array([usage is Usage.PUBLIC for usage in usages], dtype=np.bool_),
        private=np.array([usage is Usage.PRIVATE for usage in usages], dtype=np.bool_),
    )


def as_objects(values: Sequence[object]) -> NDArray[Any]:
    """An object array [n] of things that NumPy would otherwise take for further axes."""
    return np.fromiter(values, dtype=object, count=len(values))


def _rows(path: Path, kind: LabelKind) -> Iterator[LabelRow]:
    seen: set[str] = set()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            places = _places(next(reader, []), ("id", *kind.columns, "usage"))
            for row in reader:
                if not row:
                    continue
                found = _row(row, places, reader.line_num, kind)
                if found.id in seen:
                    raise InvalidLabels(
                        "duplicate_id", f"Line {found.line}: the id {found.id!r} came before."
                    )
                seen.add(found.id)
                yield found
    except UnicodeDecodeError as error:
        raise InvalidLabels("not_text", f"The labels are not UTF-8: {error.reason}.") from error
    except csv.Error as error:
        raise InvalidLabels("malformed_row", f"The labels are not CSV: {error}.") from error


def _places(header: list[str], due: tuple[str, ...]) -> list[int]:
    names = [name.strip().lower() for name in header]
    if sorted(names) != sorted(due):
        raise InvalidLabels(
            "wrong_columns",
            f"The first line must name the columns {', '.join(due)}; it is {header!r}.",
        )
    return [names.index(name) for name in due]


def _row(row: list[str], places: list[int], line: int, kind: LabelKind) -> LabelRow:
    if len(row) != len(places):
        raise InvalidLabels(
            "malformed_row", f"Line {line}: {len(row)} values where {len(places)} are due."
        )
    identity, *cells, usage = (row[place].strip() for place in places)
    if not identity:
        raise InvalidLabels("missing_id", f"Line {line}: the id is empty.")
    return LabelRow(line, identity, tuple(cells), _usage(usage, line, kind))


def _usage(text: str, line: int, kind: LabelKind) -> Usage:
    usage = USAGES.get(text.lower())
    if usage is None or (usage is Usage.DOCUMENT and not kind.has_documents):
        known = [usage for usage in Usage if kind.has_documents or usage is not Usage.DOCUMENT]
        names = " nor ".join(usage.title() for usage in known)
        raise InvalidLabels("unknown_usage", f"Line {line}: usage is {text!r}, neither {names}.")
    return usage
