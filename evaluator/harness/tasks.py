"""The task types that the harness knows: what a model is fed, and how its outputs are read."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from evaluator.harness.answers import Answer
from evaluator.harness.batches import Batch
from evaluator.harness.classification import Classification
from evaluator.harness.embedding import Embedding
from evaluator.harness.generation import Generation
from evaluator.harness.language_modelling import LanguageModelling
from evaluator.harness.regression import Regression
from evaluator.harness.runners import InputSpec, Model


class Task(Protocol):
    """One task with its settings, seen from beside the model."""

    @property
    def inputs(self) -> InputSpec:
        """What one example looks like."""
        ...

    @property
    def example_bytes(self) -> int:
        """The most bytes that are sent for an example: batches are cut to fit into a frame."""
        ...

    def answer(self, model: Model, batch: Batch) -> Answer:
        """What the model answers to a batch. Raises `ModelError`, or what the model's code does."""
        ...


TASKS: dict[str, Callable[[Mapping[str, Any]], Task]] = {
    "classification": Classification.from_settings,
    "regression": Regression.from_settings,
    "generation": Generation.from_settings,
    "embedding": Embedding.from_settings,
    "language-modelling": lambda _: LanguageModelling(),
}
"""Makes a task of its settings, which the host has checked and completed with the defaults."""


def task_for(name: str, settings: Mapping[str, Any]) -> Task:
    """The task of a type. Raises `KeyError` for a type that is not registered."""
    return TASKS[name](settings)
