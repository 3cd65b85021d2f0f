"""How one file of inputs is put to a loaded model: what every kind of examination has in common."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evaluator.contract import Failure, Limits
from evaluator.harness.protocol import Command, Frame
from evaluator.sandbox.workspace import JobFolder


class ModelFailed(Exception):
    """Ends a conversation: the model has failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Dialogue(Protocol):
    """The conversation with a guest, as far as an examination may lead it."""

    limits: Limits
    job: JobFolder
    mount: str
    """Where the guest sees the files of `job`."""

    def ask(self, command: Command) -> float:
        """Send a command, and tell when, by the monotonic clock."""
        ...

    def answer(self, run: bytes, deadline: float) -> Frame:
        """The next frame of a run.

        Raises `ModelFailed` for a complaint and at the deadline, `ProtocolError` for a frame of
        another run, and what `Exchange.receive` raises.
        """
        ...

    def glance(self, run: bytes) -> Frame | None:
        """Take in what the guest has printed, and the next frame of a run if there is one already.

        Raises as `answer` does, but for the deadline.
        """
        ...

    def end_run(self, run: bytes) -> None:
        """Wait a moment for the rest of the log of a run that has been answered."""
        ...


@dataclass(frozen=True)
class Exam:
    """One file of inputs: where it lies on the host, and its name in the guest's folder, if an
    examination places it there at all.

    The whole examination may take `seconds`. What is predicted is written to the path `output`,
    with the suffix of its kind (`.npy` for rows); without it the answers are only checked.
    """

    inputs: Path
    placed: str
    seconds: float
    output: Path | None


@dataclass(frozen=True)
class Outcome:
    """What came of an exam: the file of predictions, and times in seconds by the host's clock.

    `latencies` has a running average for each batch of answers, or group of documents in lockstep:
    the time from the start up to its end, divided by the examples answered by then.
    """

    examples: int
    seconds: float
    file: Path | None = None
    latencies: list[float] = field(default_factory=list)


class Examination(Protocol):
    """Puts inputs to a model and checks each answer as it comes."""

    def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
        """Lead one exam to its end.

        Raises `InvalidPredictions`, `OutputTooLarge`, and what `Dialogue.answer` raises. Nothing
        is left in `exam.output` then.
        """
        ...
