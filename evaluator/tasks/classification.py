"""Classification: one of a fixed number of classes for each example.

Inputs are a NumPy array [n, *shape]. Predictions are a NumPy float array [n, classes]: a score
a class, the greatest wins (the first of equals). Metrics that need probabilities ask for rows
that are distributions. Labels name classes by number, 0 to classes - 1, or, where the settings
name the classes, by name.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import ArrayInput, ClassificationSettings, TaskSettings
from evaluator.tasks import npy
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidInputs, InvalidPredictions
from evaluator.tasks.labels import Labels, read_labels


class Classification(TaskType[ClassificationSettings]):
    """See the module."""

    name: ClassVar[str] = "classification"
    Settings: ClassVar[type[TaskSettings]] = ClassificationSettings

    def count_examples(self, inputs: Path) -> int:
        """The n of an inputs array [n, *shape]. Reads the header alone.

        Raises `InvalidInputs` with the reason `malformed`, `wrong_dtype`, `wrong_shape` or
        `no_examples`.
        """
        try:
            header = npy.read_header(inputs)
        except npy.MalformedArray as error:
            raise InvalidInputs("malformed", f"The inputs are no .npy file: {error}.") from error
        expected = self.settings.input
        assert isinstance(expected, ArrayInput)
        if header.dtype != np.dtype(expected.dtype).newbyteorder("<"):
            raise InvalidInputs(
                "wrong_dtype", f"The inputs are {header.dtype}, not {expected.dtype}."
            )
        if header.shape[1:] != expected.shape:
            raise InvalidInputs(
                "wrong_shape", f"The inputs are {header.shape}, not (n, *{expected.shape})."
            )
        if header.shape[0] == 0:
            raise InvalidInputs("no_examples", "The inputs hold no example.")
        return header.shape[0]

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[np.floating[Any]]:
        """The scores [examples, classes].

        Raises `InvalidPredictions` with the reason `malformed`, `wrong_dtype`, `wrong_shape` or
        `not_finite`.
        """
        try:
            header = npy.read_header(predictions)
        except npy.MalformedArray as error:
            raise InvalidPredictions(
                "malformed", f"The predictions are no .npy file: {error}."
            ) from error
        if header.dtype.kind != "f" or header.dtype.itemsize not in (2, 4, 8):
            raise InvalidPredictions(
                "wrong_dtype", f"Predictions are float16, float32 or float64, not {header.dtype}."
            )
        if header.shape != (examples, self.settings.classes):
            raise InvalidPredictions(
                "wrong_shape",
                f"Predictions have the shape {(examples, self.settings.classes)}; these have "
                f"{header.shape}.",
            )
        scores: NDArray[np.floating[Any]] = npy.read_array(predictions)
        if not np.isfinite(scores).all():
            raise InvalidPredictions("not_finite", "Predictions hold NaN or infinity.")
        return scores

    def read_labels(self, labels: Path, examples: int | None = None) -> Labels:
        """The labels as class numbers. Raises `InvalidLabels`."""
        return read_labels(labels, self.class_numbers, examples)

    @property
    def class_numbers(self) -> dict[str, int]:
        """The number of each class by what labels call it."""
        names = self.settings.class_names or tuple(map(str, range(self.settings.classes)))
        return {name: number for number, name in enumerate(names)}
