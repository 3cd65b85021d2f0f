"""What a task expects of a model, and the checking of what the model sent instead.

The bytes come from a process that the model shares, so nothing of them is believed: their number,
shape and values are checked here, and the file of predictions is written by the host.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import TaskSpec
from evaluator.harness.protocol import ROWS
from evaluator.sandbox.base import SandboxFault

FLOAT = np.dtype("<f4")
COLUMNS: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "classification": lambda settings: int(settings["classes"]),
}
"""Numbers a model answers for each example, by task type."""


class InvalidPredictions(Exception):
    """The model's answer is not what the task expects."""


class OutputTooLarge(Exception):
    """The model's answer has more bytes than it may have."""


def expected_columns(task: TaskSpec) -> int:
    """Numbers per example. Raises `SandboxFault` for a task that this worker does not know."""
    try:
        return COLUMNS[task.type](task.settings)
    except (KeyError, TypeError, ValueError) as error:
        raise SandboxFault(
            f"This worker cannot run the task type {task.type!r} with these settings."
        ) from error


def example_count(inputs: Path) -> int:
    """Length of the first axis of a `.npy` file. Raises `SandboxFault` if it is none."""
    try:
        array: NDArray[np.generic] = np.load(inputs, mmap_mode="r", allow_pickle=False)
        return int(array.shape[0])
    except (OSError, ValueError, IndexError) as error:
        raise SandboxFault(f"{inputs.name} is no .npy file of examples.") from error


class Predictions:
    """The answer to one run: `examples` rows of `columns` finite float32 numbers.

    With `file` they are written there as `.npy`, without they are only checked. A context
    manager; leaving it before `keep` removes the file.
    """

    def __init__(self, *, examples: int, columns: int, limit: int, file: Path | None) -> None:
        self._examples = examples
        self._columns = columns
        self._limit = limit
        self._file = file
        self._rows = 0
        self._kept = False
        self._stream: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self._file is not None:
            self._stream = self._file.open("wb")
            np.lib.format.write_array_header_1_0(
                self._stream,
                {
                    "descr": FLOAT.str,
                    "fortran_order": False,
                    "shape": (self._examples, self._columns),
                },
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            if not self._kept and self._file is not None:
                self._file.unlink()

    def add(self, payload: bytes) -> int:
        """Take the payload of a frame of rows and return how many there were.

        Raises `InvalidPredictions` or `OutputTooLarge`.
        """
        if len(payload) < ROWS.size:
            raise InvalidPredictions
        rows: int
        rows, columns = ROWS.unpack_from(payload)
        if rows == 0 or columns != self._columns or self._rows + rows > self._examples:
            raise InvalidPredictions
        if len(payload) - ROWS.size != rows * columns * FLOAT.itemsize:
            raise InvalidPredictions
        if (self._rows + rows) * columns * FLOAT.itemsize > self._limit:
            raise OutputTooLarge
        values = np.frombuffer(payload, dtype=FLOAT, offset=ROWS.size)
        if not np.isfinite(values).all():
            raise InvalidPredictions
        if self._stream is not None:
            self._stream.write(values.data)
        self._rows += rows
        return rows

    def keep(self) -> None:
        """Leave the file, if there is one, complete and on disk.

        Raises `InvalidPredictions` if rows are missing.
        """
        if self._rows != self._examples:
            raise InvalidPredictions
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        self._kept = True
