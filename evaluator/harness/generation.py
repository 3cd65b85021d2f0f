"""Generation: a text for each prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.answers import Answer, texts_answer
from evaluator.harness.batches import Batch
from evaluator.harness.errors import ModelError
from evaluator.harness.outputs import described
from evaluator.harness.protocol import TEXT_LENGTH
from evaluator.harness.runners import InputSpec, Model, Outputs, input_spec

OUTPUT = "texts"


@dataclass(frozen=True)
class Generation:
    """Answers of at most `max_bytes` bytes of UTF-8."""

    inputs: InputSpec
    max_bytes: int

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Generation":
        """Of the settings it reads `max_bytes` and `input`."""
        return cls(input_spec(settings["input"]), int(settings["max_bytes"]))

    @property
    def example_bytes(self) -> int:
        """See `Task`."""
        return TEXT_LENGTH.size + self.max_bytes

    def answer(self, model: Model, batch: Batch) -> Answer:
        """See `Task`."""
        texts = _texts(model.predict(batch.inputs))
        if len(texts) != len(batch):
            raise ModelError(f"The model answered {len(texts)} texts to {len(batch)} prompts.")
        return texts_answer([self._encoded(text) for text in texts])

    def _encoded(self, text: object) -> bytes:
        if not isinstance(text, str):
            raise ModelError(f"The model answered {type(text).__name__} where a text is due.")
        try:
            encoded = text.encode()
        except UnicodeEncodeError as error:
            raise ModelError(f"The model answered a text that is no Unicode: {error}.") from error
        if len(encoded) > self.max_bytes or b"\0" in encoded:
            raise ModelError(
                f"The model answered a text of {len(encoded)} bytes. A text has at most "
                f"{self.max_bytes} bytes, and none of them is NUL."
            )
        return encoded


def _texts(outputs: Outputs) -> list[str]:
    """The output `texts`, or the only array of bytes as texts in UTF-8, padded with zeros."""
    if isinstance(found := outputs.get(OUTPUT), list):
        return found
    for value in outputs.values():
        if isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.ndim == 2:
            return [_decoded(row) for row in value]
    raise ModelError(
        "The model has to answer texts, or an array of uint8 [n, bytes] that holds them in UTF-8, "
        f"padded with zeros. It answered {described(outputs)}."
    )


def _decoded(row: NDArray[np.uint8]) -> str:
    try:
        return row.tobytes().rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise ModelError(f"The model answered bytes that are not UTF-8: {error}.") from error
