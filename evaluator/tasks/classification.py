"""Classification: one of a fixed number of classes for each example.

Inputs are an array [n, *shape], or texts. Predictions are a NumPy float array [n, classes]: a
score a class, the greatest wins (the first of equals). Metrics that need probabilities ask for
rows that are distributions. Labels name classes by number, 0 to classes - 1, or, where the
settings name the classes, by name.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import ClassificationSettings, TaskSettings
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidLabels
from evaluator.tasks.inputs import count_inputs
from evaluator.tasks.labels import LabelKind, LabelRow
from evaluator.tasks.rows import read_rows


class Classification(TaskType[ClassificationSettings]):
    """See the module."""

    name: ClassVar[str] = "classification"
    Settings: ClassVar[type[TaskSettings]] = ClassificationSettings

    @property
    def label_kind(self) -> LabelKind:
        """One column, `label`; the values are class numbers, int64 [n]."""
        return LabelKind(columns=("label",), parse=self._numbers)

    def count_examples(self, inputs: Path) -> int:
        """The n of the inputs. Raises `InvalidInputs`, see `count_inputs`."""
        return count_inputs(inputs, self.settings.input)

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[np.floating[Any]]:
        """The scores [examples, classes]. Raises `InvalidPredictions`, see `read_rows`."""
        return read_rows(predictions, examples, self.settings.classes)

    @cached_property
    def class_numbers(self) -> dict[str, int]:
        """The number of each class by what labels call it."""
        names = self.settings.class_names or tuple(map(str, range(self.settings.classes)))
        return {name: number for number, name in enumerate(names)}

    def _numbers(self, rows: Sequence[LabelRow]) -> NDArray[np.int64]:
        numbers = np.empty(len(rows), dtype=np.int64)
        for position, row in enumerate(rows):
            (label,) = row.cells
            if label not in self.class_numbers:
                raise InvalidLabels("unknown_label", f"Line {row.line}: {label!r} is not a class.")
            numbers[position] = self.class_numbers[label]
        return numbers
