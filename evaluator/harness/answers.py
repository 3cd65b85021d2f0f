"""What a task makes of a model's outputs for a batch, ready to be sent to the host."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.protocol import ROWS, TEXT_COUNT, TEXT_LENGTH, Kind


@dataclass(frozen=True)
class Answer:
    """The kind and payload of a frame."""

    kind: Kind
    payload: bytes


def rows_answer(rows: NDArray[np.generic]) -> Answer:
    """A row of numbers for each example: [n, columns]."""
    numbers = np.ascontiguousarray(rows, dtype="<f4")
    return Answer(Kind.PREDICTIONS, ROWS.pack(*numbers.shape) + numbers.tobytes())


def texts_answer(texts: Sequence[bytes]) -> Answer:
    """A text in UTF-8 for each example."""
    parts = [TEXT_COUNT.pack(len(texts))]
    for text in texts:
        parts += (TEXT_LENGTH.pack(len(text)), text)
    return Answer(Kind.TEXTS, b"".join(parts))
