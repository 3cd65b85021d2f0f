"""The model's side of an examination in lockstep: it predicts a byte before it is told.

The host, outside of the sandbox, keeps the text. Over a Unix socket it says START with a number
of documents, later STEP with the byte that came in each of them; each time it is answered with the
log-probabilities of the 256 values of the next byte of each, float32, little-endian. Documents
end from the last one on, so a STEP may tell fewer bytes than the one before. END is the end.

Both sides import this module, the host for the words alone.
"""

import socket
import struct
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import ModelError

BYTE_VALUES = 256
HEAD = struct.Struct("!BI")
"""A `Word`, and of how many documents it speaks. After STEP come as many bytes of text."""

LOG_PROBABILITY = np.dtype("<f4")


class Word(IntEnum):
    """What the host says."""

    END = 0
    START = 1
    STEP = 2


@runtime_checkable
class ByteModel(Protocol):
    """A language model that predicts byte after byte, many documents side by side."""

    def start(self, documents: int) -> NDArray[np.generic]:
        """Forget all documents and begin new ones; [documents, 256] for their first bytes."""
        ...

    def step(self, previous: NDArray[np.uint8]) -> NDArray[np.generic]:
        """[n, 256] for the next bytes, after `previous` [n] came in the first n documents.

        The documents from n on have ended.
        """
        ...


def answer_in_lockstep(model: ByteModel, address: str) -> None:
    """Connect to the host's socket at the path `address`, and predict until it says END.

    Raises `ModelError` for answers of the wrong shape, `OSError` for a host that is not there,
    and whatever the model's own code raises.
    """
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(address)
        with channel.makefile("rb") as words:
            while True:
                word, documents = HEAD.unpack(words.read(HEAD.size))
                if word == Word.END:
                    return
                if word == Word.START:
                    told = model.start(documents)
                else:
                    previous = np.frombuffer(words.read(documents), dtype=np.uint8)
                    told = model.step(previous.copy())  # the model may write to it
                channel.sendall(_checked(told, documents).data.cast("B"))


def _checked(told: NDArray[np.generic], documents: int) -> NDArray[np.float32]:
    if told.dtype.kind != "f" or told.shape != (documents, BYTE_VALUES):
        raise ModelError(
            f"For {documents} documents the model has to answer log-probabilities of shape "
            f"[{documents}, {BYTE_VALUES}] in floating point. It answered {told.dtype} "
            f"{list(told.shape)}."
        )
    return np.ascontiguousarray(told, dtype=LOG_PROBABILITY)
