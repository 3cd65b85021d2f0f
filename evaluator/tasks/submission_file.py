"""Results that a participant hands in as a file: `predictions.csv`, one row for each id.

The rows may come in any order. For `classification` the file has either the column `label`, the
class of each row as the labels write it, or a column for each class, with a score; for
`regression` the column `prediction`, or `prediction_1`, `prediction_2`, … for several targets; for
`custom` what the organizer's metric asks for. Numbers are decimal and finite.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks.base import TaskType
from evaluator.tasks.classification import Classification
from evaluator.tasks.csv_table import MalformedTable, TableRow, read_table, shown
from evaluator.tasks.errors import InvalidPredictions, InvalidTask
from evaluator.tasks.regression import Regression

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
SHOWN_COLUMNS: Final = 12


@dataclass(frozen=True, slots=True)
class SubmissionFile:
    """A file whose rows are exactly those asked for: `rows` in the order of the labels."""

    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]


def read_submission(path: Path, ids: Sequence[str]) -> SubmissionFile:
    """Read a file of results for the n distinct `ids`.

    Raises `InvalidPredictions` with the first offending line: the reasons of `read_table`,
    `unknown_id` and `missing_row`.
    """
    try:
        table = read_table(path, most_rows=len(ids))
    except MalformedTable as error:
        raise InvalidPredictions(error.reason, error.detail) from error
    due = set(ids)
    for identity, row in table.rows.items():
        if identity not in due:
            raise InvalidPredictions(
                "unknown_id", f"Line {row.line}: the id {shown(identity)} is not asked for."
            )
    for identity in ids:
        if identity not in table.rows:
            raise InvalidPredictions(
                "missing_row",
                f"{len(table.rows)} of {len(ids)} rows are there; the first that is missing has "
                f"the id {shown(identity)}.",
            )
    return SubmissionFile(table.columns, tuple(table.rows[identity] for identity in ids))


def submitted_predictions(
    task: TaskType[Any], path: Path, ids: Sequence[str]
) -> NDArray[np.float64]:
    """The file's results for `ids`, as a model's predictions: [n, classes] or [n, targets].

    Raises `InvalidPredictions`: the reasons of `read_submission`, `wrong_columns`,
    `unknown_label`, `not_a_number`, `not_finite`; and `InvalidTask` (`no_file`) for a task whose
    results can't be handed in.
    """
    if isinstance(task, Classification):
        submission = read_submission(path, ids)
        if submission.columns == ("label",):
            return _one_hot(submission, task.class_numbers)
        return _numbers(submission, tuple(task.class_numbers), instead=" or the column label")
    if isinstance(task, Regression):
        targets = task.settings.targets
        several = tuple(f"prediction_{number}" for number in range(1, targets + 1))
        return _numbers(read_submission(path, ids), several if targets > 1 else ("prediction",))
    raise InvalidTask("no_file", f"Results of the task {task.name!r} can't be handed in as a file.")


def require_columns(submission: SubmissionFile, due: Sequence[str], *, instead: str = "") -> None:
    """Raise `InvalidPredictions` (`wrong_columns`) unless the columns are those, in any order."""
    if sorted(submission.columns) == sorted(due):
        return
    named = ", ".join(due[:SHOWN_COLUMNS]) + (" …" if len(due) > SHOWN_COLUMNS else "")
    raise InvalidPredictions(
        "wrong_columns", f"Line 1 must name the column id and the columns {named}{instead}."
    )


def _one_hot(submission: SubmissionFile, numbers: dict[str, int]) -> NDArray[np.float64]:
    scores = np.zeros((len(submission.rows), len(numbers)))
    for place, row in enumerate(submission.rows):
        number = numbers.get(row.cells[0].strip())
        if number is None:
            raise InvalidPredictions(
                "unknown_label", f"Line {row.line}: {shown(row.cells[0])} is not a class."
            )
        scores[place, number] = 1.0
    return scores


def _numbers(
    submission: SubmissionFile, columns: tuple[str, ...], *, instead: str = ""
) -> NDArray[np.float64]:
    require_columns(submission, columns, instead=instead)
    places = [submission.columns.index(column) for column in columns]
    return np.array(
        [[_number(row.cells[place], row.line) for place in places] for row in submission.rows]
    )


def _number(cell: str, line: int) -> float:
    # Not float() alone, which takes 1_000 and the digits of every script.
    if _NUMBER.fullmatch(cell.strip()) is None:
        raise InvalidPredictions("not_a_number", f"Line {line}: {shown(cell)} is no number.")
    number = float(cell)
    if not math.isfinite(number):
        raise InvalidPredictions("not_finite", f"Line {line}: {shown(cell)} is too large.")
    return number
