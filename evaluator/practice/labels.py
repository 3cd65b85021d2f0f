"""Public labels: a CSV file whose rows belong to the rows of the inputs.

The task's own columns of labels are needed; `id`, `usage` and features beside them are welcome.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evaluator.tasks.errors import InvalidLabels
from evaluator.tasks.labels import LabelKind, LabelRow, Labels, Usage


def read_public_labels(path: Path, kind: LabelKind, examples: int) -> Labels:
    """The labels, all of them of the public split but a task's documents, which have no label.

    Raises `InvalidLabels` (`wrong_columns`, `unknown_label`, `wrong_count`, `malformed_row`).
    """
    rows = list(_rows(path, kind))
    if len(rows) != examples:
        raise InvalidLabels("wrong_count", f"{len(rows)} labels for {examples} inputs.")
    return Labels(
        ids=tuple(row.id for row in rows),
        values=kind.parse(rows),
        public=np.array([row.usage is Usage.PUBLIC for row in rows], dtype=np.bool_),
        private=np.zeros(len(rows), dtype=np.bool_),
    )


def _rows(path: Path, kind: LabelKind) -> Iterator[LabelRow]:
    needed = ("id", *kind.columns) if kind.has_documents else kind.columns
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for column in needed:
                if column not in (reader.fieldnames or ()):
                    raise InvalidLabels("wrong_columns", f"{path.name} has no column {column!r}.")
            for number, row in enumerate(reader):
                cells = tuple((row[column] or "").strip() for column in kind.columns)
                document = kind.has_documents and not any(cells)
                yield LabelRow(
                    line=reader.line_num,
                    id=(row.get("id") or str(number)).strip(),
                    cells=cells,
                    usage=Usage.DOCUMENT if document else Usage.PUBLIC,
                )
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidLabels("malformed_row", f"{path.name} is no CSV in UTF-8: {error}.") from error
