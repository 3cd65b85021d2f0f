"""Regression: one number, or a fixed number of them, for each example.

Inputs are an array [n, *shape], or texts. Predictions are a NumPy float array [n, targets]. The
labels are decimal numbers: in the column `label` where there is one target, in `label_1`,
`label_2`, … where there are several.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import RegressionSettings, TaskSettings
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidLabels
from evaluator.tasks.inputs import count_inputs
from evaluator.tasks.labels import LabelKind, LabelRow
from evaluator.tasks.rows import read_rows


class Regression(TaskType[RegressionSettings]):
    """See the module."""

    name: ClassVar[str] = "regression"
    Settings: ClassVar[type[TaskSettings]] = RegressionSettings

    @property
    def label_kind(self) -> LabelKind:
        """The values are float64 [n, targets]."""
        targets = self.settings.targets
        several = tuple(f"label_{number}" for number in range(1, targets + 1))
        return LabelKind(columns=several if targets > 1 else ("label",), parse=_numbers)

    def count_examples(self, inputs: Path) -> int:
        """The n of the inputs. Raises `InvalidInputs`, see `count_inputs`."""
        return count_inputs(inputs, self.settings.input)

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[np.floating[Any]]:
        """The numbers [examples, targets]. Raises `InvalidPredictions`, see `read_rows`."""
        return read_rows(predictions, examples, self.settings.targets)


def _numbers(rows: Sequence[LabelRow]) -> NDArray[np.float64]:
    return np.array([[_number(cell, row.line) for cell in row.cells] for row in rows], np.float64)


def _number(cell: str, line: int) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise InvalidLabels("unknown_label", f"Line {line}: {cell!r} is no number.") from None
    if not math.isfinite(number):
        raise InvalidLabels("unknown_label", f"Line {line}: {cell!r} is not finite.")
    return number
