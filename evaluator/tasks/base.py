"""What every task type can do."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import TaskSpec
from evaluator.task_settings import TaskSettings
from evaluator.tasks.labels import LabelKind, Labels, read_labels

S = TypeVar("S", bound=TaskSettings)


class TaskType(ABC, Generic[S]):
    """One kind of task under one competition's settings. It reads files; it never runs a model."""

    name: ClassVar[str]
    Settings: ClassVar[type[TaskSettings]]

    def __init__(self, settings: S) -> None:
        self.settings = settings

    @property
    def spec(self) -> TaskSpec:
        """The task with all its settings, the defaults included."""
        return TaskSpec(type=self.name, settings=self.settings.model_dump(mode="json"))

    @property
    @abstractmethod
    def label_kind(self) -> LabelKind:
        """How the labels of this task are written."""

    @abstractmethod
    def count_examples(self, inputs: Path) -> int:
        """How many examples an inputs file holds. Raises `InvalidInputs`."""

    @abstractmethod
    def read_predictions(self, predictions: Path, examples: int) -> NDArray[Any]:
        """The predictions for `examples` inputs, one an example, checked before they are loaded.

        The file is hostile: a participant's code may have written each byte of it. Raises
        `InvalidPredictions`.
        """

    def read_labels(self, labels: Path, examples: int | None = None) -> Labels:
        """The labels, row i for row i of the inputs. Raises `InvalidLabels`.

        `examples` is how many the inputs hold, where that is known.
        """
        return read_labels(labels, self.label_kind, examples)

    def answers(self, predictions: NDArray[Any], labels: Labels) -> NDArray[Any]:
        """What the metrics hold against the labels' values: an array whose first axis is theirs.

        For most tasks that is the predictions themselves.
        """
        return np.asarray(predictions)
