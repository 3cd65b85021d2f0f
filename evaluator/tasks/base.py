"""What every task type can do."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import TaskSettings
from evaluator.tasks.labels import Labels

S = TypeVar("S", bound=TaskSettings)


class TaskType(ABC, Generic[S]):
    """One kind of task under one competition's settings. It reads files; it never runs a model."""

    name: ClassVar[str]
    Settings: ClassVar[type[TaskSettings]]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @abstractmethod
    def count_examples(self, inputs: Path) -> int:
        """How many examples an inputs file holds. Raises `InvalidInputs`."""

    @abstractmethod
    def read_predictions(self, predictions: Path, examples: int) -> NDArray[np.floating[Any]]:
        """The predictions for `examples` inputs, one row each, checked before they are loaded.

        The file is hostile: a participant's code may have written each byte of it. Raises
        `InvalidPredictions`.
        """

    @abstractmethod
    def read_labels(self, labels: Path, examples: int | None = None) -> Labels:
        """The labels, row i for row i of the inputs. Raises `InvalidLabels`.

        `examples` is how many the inputs hold, where that is known.
        """
