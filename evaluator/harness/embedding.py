"""Embedding: a vector for each text; queries and documents may be embedded differently."""

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
from evaluator.harness.runners import InputSpec, Model, input_spec

VECTOR_NAMES = ("embeddings", "sentence_embedding", "pooler_output", "output")
"""Names by which exporters call the vectors, the surest first."""


@dataclass
class Embedding:
    """Vectors of at most `most_columns` numbers. The model's first answer settles how many."""

    inputs: InputSpec
    most_columns: int
    _columns: int | None = None

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Embedding":
        """Of the settings it reads `max_dimensions` and `input`."""
        return cls(input_spec(settings["input"]), int(settings["max_dimensions"]))

    @property
    def example_bytes(self) -> int:
        """See `Task`."""
        return FLOAT_BYTES * self.most_columns

    def answer(self, model: Model, batch: Batch) -> Answer:
        """Embed the texts of each kind together, and put the vectors back in order."""
        vectors: NDArray[np.float32] | None = None
        for kind in sorted(set(batch.kinds)):
            places = [place for place, other in enumerate(batch.kinds) if other == kind]
            found = self._embedded(model, [str(batch.inputs[place]) for place in places], kind)
            if vectors is None:
                vectors = np.empty((len(batch), found.shape[1]), dtype=np.float32)
            vectors[places] = found
        if vectors is None:
            raise ValueError("the inputs of an embedding have kinds")
        return rows_answer(vectors)

    def _embedded(self, model: Model, texts: list[str], kind: str) -> NDArray[np.float32]:
        outputs = model.predict(texts, kind)
        vectors = float_output(outputs, VECTOR_NAMES, lambda shape: self._fits(shape, len(texts)))
        if vectors is None:
            dimensions = self._columns or f"1 … {self.most_columns}"
            raise ModelError(
                f"For {len(texts)} texts the model has to answer vectors of shape "
                f"[{len(texts)}, {dimensions}] in floating point. It answered "
                f"{described(outputs)}."
            )
        self._columns = vectors.shape[1]
        return vectors

    def _fits(self, shape: tuple[int, ...], examples: int) -> bool:
        if len(shape) != 2 or shape[0] != examples:
            return False
        return shape[1] == self._columns if self._columns else 1 <= shape[1] <= self.most_columns
