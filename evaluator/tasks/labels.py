"""The labels of a hidden test set: a CSV file with the columns `id`, `label` and `usage`.

Row i belongs to row i of the inputs. `usage` is `Public` or `Private`, in any case, and says
which score the example counts towards. Spaces around a value do not count.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import Split
from evaluator.tasks.errors import InvalidLabels

COLUMNS = ("id", "label", "usage")
LABELS_BYTES = 256 * 1024**2
"""The largest labels file that is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What is true, and which split each example belongs to.

    `ids` are the n distinct names of the examples, `values` an int64 array [n] of class numbers,
    `public` a bool array [n]: true where an example counts for the public score, else private.
    """

    ids: tuple[str, ...]
    values: NDArray[np.int64]
    public: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def mask(self, split: Split) -> NDArray[np.bool_]:
        """A bool array [n]: which examples the split holds."""
        return self.public if split is Split.PUBLIC else ~self.public


def read_labels(path: Path, numbers: Mapping[str, int], examples: int | None = None) -> Labels:
    """Read a labels file whose labels are the keys of `numbers`; `examples` is how many are due.

    Raises `InvalidLabels` with one of the reasons `too_large`, `not_text`, `wrong_columns`,
    `malformed_row`, `missing_id`, `duplicate_id`, `unknown_label`, `unknown_usage`,
    `wrong_count`, `empty_split`.
    """
    size = path.stat().st_size
    if size > LABELS_BYTES:
        raise InvalidLabels("too_large", f"{size} bytes; at most {LABELS_BYTES} are read.")
    ids: dict[str, None] = {}
    values: list[int] = []
    public: list[bool] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            columns = _columns(next(reader, []))
            for row in reader:
                if not row:
                    continue
                line = f"Line {reader.line_num}"
                identity, label, usage = _cells(row, columns, line)
                if identity in ids:
                    raise InvalidLabels("duplicate_id", f"{line}: the id {identity!r} came before.")
                if label not in numbers:
                    raise InvalidLabels("unknown_label", f"{line}: {label!r} is not a class.")
                ids[identity] = None
                values.append(numbers[label])
                public.append(_is_public(usage, line))
    except UnicodeDecodeError as error:
        raise InvalidLabels("not_text", f"The labels are not UTF-8: {error.reason}.") from error
    except csv.Error as error:
        raise InvalidLabels("malformed_row", f"The labels are not CSV: {error}.") from error
    if examples is not None and len(ids) != examples:
        raise InvalidLabels("wrong_count", f"{len(ids)} labels for {examples} inputs.")
    mask = np.array(public, dtype=np.bool_)
    if not mask.any() or mask.all():
        missing = "private" if mask.any() else "public"
        raise InvalidLabels("empty_split", f"No example counts for the {missing} score.")
    return Labels(ids=tuple(ids), values=np.array(values, dtype=np.int64), public=mask)


def _columns(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    if sorted(names) != sorted(COLUMNS):
        raise InvalidLabels(
            "wrong_columns",
            f"The first line must name the columns {', '.join(COLUMNS)}; it is {header!r}.",
        )
    return {name: names.index(name) for name in COLUMNS}


def _cells(row: list[str], columns: Mapping[str, int], line: str) -> tuple[str, str, str]:
    if len(row) != len(columns):
        raise InvalidLabels(
            "malformed_row", f"{line}: {len(row)} values where {len(columns)} are due."
        )
    identity, label, usage = (row[columns[name]].strip() for name in COLUMNS)
    if not identity:
        raise InvalidLabels("missing_id", f"{line}: the id is empty.")
    return identity, label, usage


def _is_public(usage: str, line: str) -> bool:
    try:
        return Split(usage.lower()) is Split.PUBLIC
    except ValueError:
        raise InvalidLabels(
            "unknown_usage", f"{line}: usage is {usage!r}, neither Public nor Private."
        ) from None
