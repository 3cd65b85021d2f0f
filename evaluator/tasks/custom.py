"""The task `custom`: results handed in as a file, scored by the organizer's own metric.py.

The labels file is the metric's `solution`: the columns `id` and `usage` (`Public` or `Private`,
in any case) and whatever else the metric needs.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from evaluator.contract import Split, TaskSpec
from evaluator.task_settings import CustomSettings
from evaluator.tasks.csv_table import MalformedTable, TableRow, read_table, shown
from evaluator.tasks.errors import InvalidLabels, InvalidTask

USAGE: Final = "usage"


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What is true of n examples: `columns` and cells without id and usage, row by row.

    `public` is a bool array [n]: true where an example counts for the public score, else private.
    """

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    public: NDArray[np.bool_]

    @property
    def ids(self) -> tuple[str, ...]:
        """The n distinct names of the examples."""
        return tuple(row.id for row in self.rows)

    def places(self, split: Split) -> NDArray[np.intp]:
        """The places, from 0, of the rows that count for a split."""
        return np.flatnonzero(self.public if split is Split.PUBLIC else ~self.public)


def custom_settings(spec: TaskSpec) -> CustomSettings:
    """The settings of a task `custom`, checked. Raises `InvalidTask` (`invalid_settings`)."""
    try:
        return CustomSettings.model_validate(spec.settings)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidTask("invalid_settings", f"{spec.type}: {first['msg']}") from error


def read_solution(path: Path) -> Solution:
    """Read the solution. Raises `InvalidLabels`.

    The reasons are those of `read_table`, `unknown_usage` and `empty_split`.
    """
    try:
        table = read_table(path)
    except MalformedTable as error:
        raise InvalidLabels(error.reason, error.detail) from error
    places = [place for place, name in enumerate(table.columns) if name.lower() == USAGE]
    if len(places) != 1:
        raise InvalidLabels("wrong_columns", f"Line 1 must name one column {USAGE!r}.")
    public = np.array([_is_public(row, places[0]) for row in table.rows.values()], dtype=np.bool_)
    if not public.any() or public.all():
        missing = Split.PRIVATE if public.any() else Split.PUBLIC
        raise InvalidLabels("empty_split", f"No example counts for the {missing} score.")
    return Solution(
        columns=_without(table.columns, places[0]),
        rows=tuple(
            TableRow(row.line, row.id, _without(row.cells, places[0]))
            for row in table.rows.values()
        ),
        public=public,
    )


def _is_public(row: TableRow, place: int) -> bool:
    try:
        return Split(row.cells[place].strip().lower()) is Split.PUBLIC
    except ValueError:
        raise InvalidLabels(
            "unknown_usage",
            f"Line {row.line}: usage is {shown(row.cells[place])}, neither Public nor Private.",
        ) from None


def _without(cells: tuple[str, ...], place: int) -> tuple[str, ...]:
    return (*cells[:place], *cells[place + 1 :])
