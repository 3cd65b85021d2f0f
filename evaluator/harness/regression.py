"""Regression: from whatever a model answers to numbers [n, targets]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.answers import Answer, rows_answer
from evaluator.harness.batches import Batch
from evaluator.harness.errors import ModelError
from evaluator.harness.outputs import described, float_output
from evaluator.harness.protocol import FLOAT_BYTES
from evaluator.harness.runners import InputSpec, Model, Outputs, input_spec

NUMBER_NAMES = ("predictions", "variable", "logits", "output")
"""Names by which exporters call the numbers, the surest first."""


@dataclass(frozen=True)
class Regression:
    """A regression to `columns` numbers, of examples that look like `inputs`."""

    inputs: InputSpec
    columns: int

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Regression":
        """Of the settings it reads `targets` and `input`."""
        return cls(inputs=input_spec(settings["input"]), columns=int(settings["targets"]))

    @property
    def example_bytes(self) -> int:
        """See `Task`."""
        return FLOAT_BYTES * self.columns

    def answer(self, model: Model, batch: Batch) -> Answer:
        """See `Task`."""
        return rows_answer(self.rows(model.predict(batch.inputs), examples=len(batch)))

    def rows(self, outputs: Outputs, *, examples: int) -> NDArray[np.float32]:
        """The numbers [examples, columns]; where one is due, a model may answer [examples]."""
        shapes = {(examples, self.columns)} | ({(examples,)} if self.columns == 1 else set())
        numbers = float_output(outputs, NUMBER_NAMES, lambda shape: shape in shapes)
        if numbers is None:
            raise ModelError(
                f"For {examples} examples the model has to answer numbers of shape "
                f"[{examples}, {self.columns}] in floating point. It answered "
                f"{described(outputs)}."
            )
        return numbers.reshape(examples, self.columns)
