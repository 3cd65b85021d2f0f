"""The words between the host and the harness: frames out of the sandbox, command lines into it.

Imported on both sides, standard library only.

Into the sandbox go JSON objects, one a line: `load` (the model), `predict` (one file of inputs),
`end`, and before them `begin` where one process serves many submissions, each in a child of its
own. Out of it comes a stream of frames, each a header of 13 bytes and a payload:

    kind (u8) | run (8 bytes) | length of the payload (u32), big-endian

`run` is the random name that the host gave to the command that the frame answers, so an answer
that is made up early, sent late or sent twice does not fit. `READY` comes once, whether a process
waits for one submission or serves many.
"""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Final

VERSION = 3
"""Counts incompatible changes of this module; host and harness must agree."""

CPU: Final = "cpu"
CUDA: Final = "cuda"
"""What a harness may be started for, in torch's notation: all its models are run there."""

HEADER = struct.Struct("!B8sI")
ROWS = struct.Struct("!II")
FLOAT_BYTES = 4
ENDING = struct.Struct("!iQd8s")
TEXT_COUNT = struct.Struct("!I")
TEXT_LENGTH = struct.Struct("!I")
FRAME_LIMIT = 16 * 1024 * 1024
"""Largest payload of a frame in bytes. The harness cuts its batches to fit."""

RUN_BYTES = 8
NO_RUN = bytes(RUN_BYTES)
"""The run that `READY` names: nothing has been asked yet."""


class Kind(IntEnum):
    """What a frame says."""

    READY = 1
    """The runtime is imported. Payload: `VERSION` as one byte."""
    LOADED = 2
    """The model is loaded. No payload."""
    PREDICTIONS = 3
    """The next rows. Payload: rows (u32), columns (u32), then float32 values, little-endian."""
    DONE = 4
    """All rows of the run have been sent. No payload."""
    FAILED = 5
    """The model failed. Payload: a `Complaint` in ASCII."""
    TEXTS = 6
    """The next texts. Payload: their number (u32), then each as length (u32) and UTF-8."""
    BEGUN = 7
    """A submission has a process of its own, which answers from now on. No payload."""
    ENDED = 8
    """A submission's process, and all that it started, is gone. Payload: an `Ended`."""


class Complaint(StrEnum):
    """Why the harness gave up on the model. The explanation is in the log."""

    LOAD_FAILED = "load_failed"
    PREDICT_FAILED = "predict_failed"
    WRONG_OUTPUT = "wrong_output"
    OUT_OF_MEMORY = "out_of_memory"
    TENSORS_MISMATCH = "tensors_mismatch"
    TOKENIZER_LOSSY = "tokenizer_lossy"
    NOT_CAUSAL = "not_causal"


class ProtocolError(ValueError):
    """Bytes that are no frame, or a frame that nobody may send."""


class FrameTooLarge(ProtocolError):
    """A frame announces more than `FRAME_LIMIT` bytes."""


@dataclass(frozen=True)
class Frame:
    """One frame of the result channel."""

    kind: Kind
    run: bytes
    payload: bytes = b""


@dataclass(frozen=True)
class Ended:
    """How a submission's process ended, by the kernel's counts for it.

    `code` is its exit status, negative for a signal. `peak_memory_bytes` is what it took beyond
    the imports that it shares with its parent, 0 where the kernel does not tell. `mark`
    names the end of its log: drawn after its death, so that it could not write the marker itself.
    """

    code: int
    peak_memory_bytes: int
    cpu_seconds: float
    mark: bytes

    def encode(self) -> bytes:
        """The payload of an `ENDED` frame."""
        return ENDING.pack(self.code, self.peak_memory_bytes, self.cpu_seconds, self.mark)

    @classmethod
    def decode(cls, payload: bytes) -> "Ended":
        """The ending in a payload. Raises `ProtocolError` if it is none."""
        try:
            return cls(*ENDING.unpack(payload))
        except struct.error as error:
            raise ProtocolError("no ending") from error


@dataclass(frozen=True)
class Begin:
    """Command: fork a child, which answers all commands up to its end."""

    run: bytes


@dataclass(frozen=True)
class Load:
    """Command: load the model in `folder` for a task."""

    run: bytes
    folder: str
    task_type: str
    task_settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True)
class Predict:
    """Command: predict all examples of one file of inputs, `batch_size` at a time."""

    run: bytes
    inputs: str
    batch_size: int = 256


@dataclass(frozen=True)
class Examine:
    """Command: predict text byte after byte, in lockstep with the host at a Unix socket."""

    run: bytes
    socket: str


@dataclass(frozen=True)
class End:
    """Command: leave."""


Command = Begin | Load | Predict | Examine | End
COMMANDS: dict[str, type[Begin] | type[Load] | type[Predict] | type[Examine] | type[End]] = {
    "begin": Begin,
    "load": Load,
    "predict": Predict,
    "examine": Examine,
    "end": End,
}


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    return HEADER.pack(frame.kind, frame.run, len(frame.payload)) + frame.payload


class FrameReader:
    """Cuts a stream of bytes into frames, and holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises `FrameTooLarge` as soon as a header announces too much, `ProtocolError` for an
        unknown kind. After either the stream has no meaning any more.
        """
        self._buffer += data
        frames = []
        while len(self._buffer) >= HEADER.size:
            number, run, length = HEADER.unpack_from(self._buffer)
            try:
                kind = Kind(number)
            except ValueError as error:
                raise ProtocolError(f"unknown kind {number}") from error
            if length > FRAME_LIMIT:
                raise FrameTooLarge(f"{length} bytes")
            end = HEADER.size + length
            if len(self._buffer) < end:
                break
            frames.append(Frame(kind, run, bytes(self._buffer[HEADER.size : end])))
            del self._buffer[:end]
        return frames

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame that wait for the rest."""
        return len(self._buffer)


LOG_MARKER = re.compile(rb"\n\x00end of run [0-9a-f]{16}\x00\n")
"""What `log_marker` returns for some run."""


def log_marker(run: bytes) -> bytes:
    """What the harness writes to the log at the end of a run, so that the host knows the log's end.

    Log and result travel on two channels that nobody keeps in step.
    """
    return b"\n\x00end of run " + run.hex().encode() + b"\x00\n"
