"""Classification: from whatever a model answers to class scores [n, k]."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.answers import Answer, rows_answer
from evaluator.harness.batches import Batch
from evaluator.harness.errors import ModelError
from evaluator.harness.outputs import arrays_of, described, float_output
from evaluator.harness.protocol import FLOAT_BYTES
from evaluator.harness.runners import InputSpec, Model, Outputs, input_spec

SCORE_NAMES = ("probabilities", "output_probability", "probs", "logits", "scores")
"""Names by which exporters call class scores, the surest first."""


@dataclass(frozen=True)
class Classification:
    """A classification into `columns` classes, of examples that look like `inputs`."""

    inputs: InputSpec
    columns: int

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Classification":
        """Of the settings it reads `classes` and `input`."""
        return cls(inputs=input_spec(settings["input"]), columns=int(settings["classes"]))

    @property
    def example_bytes(self) -> int:
        """See `Task`."""
        return FLOAT_BYTES * self.columns

    def answer(self, model: Model, batch: Batch) -> Answer:
        """See `Task`."""
        return rows_answer(self.rows(model.predict(batch.inputs), examples=len(batch)))

    def rows(self, outputs: Outputs, *, examples: int) -> NDArray[np.float32]:
        """Class scores [examples, columns].

        Takes a float output of that shape, one with a telling name first; else an integer output
        [examples] or [examples, 1] of labels, as one-hot rows.
        """
        wanted = (examples, self.columns)
        scores = float_output(outputs, SCORE_NAMES, lambda shape: shape == wanted)
        if scores is not None:
            return scores
        for value in arrays_of(outputs).values():
            if value.dtype.kind in "iu" and value.shape in ((examples,), (examples, 1)):
                return self._one_hot(value.reshape(examples))
        raise ModelError(
            f"For {examples} examples the model has to answer class scores of shape "
            f"[{examples}, {self.columns}] in floating point, or integer labels of shape "
            f"[{examples}]. It answered {described(outputs)}."
        )

    def _one_hot(self, labels: NDArray[np.generic]) -> NDArray[np.float32]:
        if labels.size and (int(labels.min()) < 0 or int(labels.max()) >= self.columns):
            raise ModelError(
                f"The labels have to lie in 0 … {self.columns - 1}. The model answered "
                f"{int(labels.min())} … {int(labels.max())}."
            )
        rows = np.zeros((labels.size, self.columns), dtype=np.float32)
        rows[np.arange(labels.size), labels.astype(np.int64)] = 1.0
        return rows
