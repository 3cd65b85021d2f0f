"""The task types that the harness knows: what a model is fed, and how its outputs are read."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.classification import Classification
from evaluator.harness.runners import InputSpec


class Task(Protocol):
    """One task with its settings, seen from beside the model."""

    @property
    def inputs(self) -> InputSpec:
        """What one example looks like."""
        ...

    @property
    def columns(self) -> int:
        """Numbers that are sent for each example."""
        ...

    def rows(
        self, outputs: Mapping[str, NDArray[np.generic]], *, examples: int
    ) -> NDArray[np.float32]:
        """The outputs of a batch as [examples, columns]. Raises `ModelError`."""
        ...


TASKS: dict[str, Callable[[Mapping[str, Any]], Task]] = {
    "classification": Classification.from_settings,
}


def task_for(name: str, settings: Mapping[str, Any]) -> Task:
    """The task of a type. Raises `KeyError` for a type that is not registered."""
    return TASKS[name](settings)
