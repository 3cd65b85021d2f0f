"""The checking of what a model sent, and the file in which it is kept.

The bytes come from a process that the model shares, so nothing of them is believed: their number,
shape and values are checked here, and the file of predictions is written by the host.
"""

import io
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.protocol import ROWS
from evaluator.sandbox.base import SandboxFault

FLOAT = np.dtype("<f4")
TEXT_SUFFIX = ".jsonl"


class InvalidPredictions(Exception):
    """The model's answer is not what the task expects."""


class OutputTooLarge(Exception):
    """The model's answer has more bytes than it may have."""


def example_count(inputs: Path) -> int:
    """Length of the first axis of a `.npy` file, lines of a `.jsonl` one.

    Raises `SandboxFault` if it is neither.
    """
    try:
        if inputs.suffix == TEXT_SUFFIX:
            with inputs.open("rb") as file:
                return sum(1 for _ in file)
        array: NDArray[np.generic] = np.load(inputs, mmap_mode="r", allow_pickle=False)
        return int(array.shape[0])
    except (OSError, ValueError, IndexError) as error:
        raise SandboxFault(f"{inputs.name} is no file of examples.") from error


class OutputFile:
    """A file that the host writes as answers come, on disk only once it is complete.

    With `file` None nothing is written. A context manager; leaving it before `keep` removes the
    file.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._stream: BinaryIO | None = None
        self._kept = False

    def __enter__(self) -> Self:
        if self._file is not None:
            self._stream = self._file.open("wb")
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

    def write(self, data: bytes | memoryview) -> None:
        """Append to the file, if there is one."""
        if self._stream is not None:
            self._stream.write(data)

    def keep(self) -> None:
        """Leave the file on disk."""
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        self._kept = True


class Predictions(OutputFile):
    """The answer to one run: `examples` rows of `columns` finite float32 numbers.

    With `at_most` a row may have fewer columns, all rows the same; the first frame settles how
    many. With `file` they are written there as `.npy`, without they are only checked.
    """

    def __init__(
        self,
        *,
        examples: int,
        columns: int,
        limit: int,
        file: Path | None,
        at_most: bool = False,
    ) -> None:
        super().__init__(file)
        self._examples = examples
        self._most_columns = columns
        self._columns = None if at_most else columns
        self._limit = limit
        self._rows = 0

    def add(self, payload: bytes) -> int:
        """Take the payload of a frame of rows and return how many there were.

        Raises `InvalidPredictions` or `OutputTooLarge`.
        """
        if len(payload) < ROWS.size:
            raise InvalidPredictions
        rows: int
        rows, columns = ROWS.unpack_from(payload)
        if not 1 <= columns <= self._most_columns or columns != (self._columns or columns):
            raise InvalidPredictions
        if rows == 0 or self._rows + rows > self._examples:
            raise InvalidPredictions
        if len(payload) - ROWS.size != rows * columns * FLOAT.itemsize:
            raise InvalidPredictions
        if (self._rows + rows) * columns * FLOAT.itemsize > self._limit:
            raise OutputTooLarge
        values = np.frombuffer(payload, dtype=FLOAT, offset=ROWS.size)
        if not np.isfinite(values).all():
            raise InvalidPredictions
        if self._rows == 0:
            self._columns = columns
            self.write(_npy_header(self._examples, columns))
        self.write(values.data)
        self._rows += rows
        return rows

    def keep(self) -> None:
        """Leave the file, if there is one, complete and on disk.

        Raises `InvalidPredictions` if rows are missing.
        """
        if self._rows != self._examples:
            raise InvalidPredictions
        super().keep()


def _npy_header(rows: int, columns: int) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": FLOAT.str, "fortran_order": False, "shape": (rows, columns)}
    )
    return header.getvalue()
