"""Public labels: a CSV file whose rows belong to the rows of the inputs.

Only the column `label` is read; `id`, `usage` and features beside it are welcome.
"""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.errors import InvalidLabels

COLUMN = "label"


def read_public_labels(path: Path, numbers: Mapping[str, int], examples: int) -> NDArray[np.int64]:
    """The class numbers, int64 [examples]. `numbers` maps the classes' names.

    Raises `InvalidLabels` (`wrong_columns`, `unknown_label`, `wrong_count`, `malformed_row`).
    """
    values: list[int] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if COLUMN not in (reader.fieldnames or ()):
                raise InvalidLabels("wrong_columns", f"{path.name} has no column {COLUMN!r}.")
            for row in reader:
                label = (row[COLUMN] or "").strip()
                if label not in numbers:
                    raise InvalidLabels(
                        "unknown_label", f"Line {reader.line_num}: {label!r} is not a class."
                    )
                values.append(numbers[label])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidLabels("malformed_row", f"{path.name} is no CSV in UTF-8: {error}.") from error
    if len(values) != examples:
        raise InvalidLabels("wrong_count", f"{len(values)} labels for {examples} inputs.")
    return np.array(values, dtype=np.int64)
