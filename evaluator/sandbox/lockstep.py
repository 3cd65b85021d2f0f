"""The examination of a language model whose code is its participant's: in lockstep.

The text stays with the host. The model gives a distribution over the next byte of each document,
the host checks it, and only then tells which byte came. So it can neither see ahead, nor give
probabilities that do not sum to 1, nor leave text out, whatever its code does.
"""

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import Failure
from evaluator.harness.lockstep import BYTE_VALUES
from evaluator.harness.protocol import ROWS, RUN_BYTES, Examine, Kind, ProtocolError
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.examination import Dialogue, Exam, ModelFailed, Outcome
from evaluator.sandbox.lockstep_channel import SOCKET, LockstepChannel, listening
from evaluator.sandbox.outputs import Predictions
from evaluator.task_settings import DOCUMENT_BYTES
from evaluator.tasks.text_lines import MalformedLines, read_lines

TOLERANCE = 1e-4
"""How far the sum of the probabilities of a byte's 256 values may be from 1."""


class LockstepExamination:
    """Tells byte after byte of up to `side_by_side` documents at once.

    The predictions are the nats of each document, [documents, 1].
    """

    def __init__(self, side_by_side: int) -> None:
        self._side_by_side = side_by_side

    def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
        """See `Examination`."""
        documents = _documents(exam.inputs)
        # Longest first: of any group those that end are at its end, and lengths are alike.
        order = sorted(range(len(documents)), key=lambda place: -len(documents[place]))
        nats = np.empty(len(documents))
        latencies = []
        run = secrets.token_bytes(RUN_BYTES)
        with listening(dialogue.job.path) as door:
            started = last = dialogue.ask(Examine(run=run, socket=f"{dialogue.mount}/{SOCKET}"))
            channel = LockstepChannel(dialogue, run, started + exam.seconds)
            try:
                channel.accept(door)
                for start in range(0, len(order), self._side_by_side):
                    group = order[start : start + self._side_by_side]
                    nats[group] = _nats(channel, [documents[place] for place in group])
                    last = time.monotonic()
                    latencies.append((last - started) / (start + len(group)))
                channel.end()
                done = dialogue.answer(run, started + exam.seconds)
            finally:
                channel.close()
        if done.kind is not Kind.DONE or done.payload:
            raise ProtocolError("something else than the end of an examination")
        dialogue.end_run(run)
        file = _keep(nats, exam, dialogue.limits.output_bytes)
        return Outcome(len(documents), last - started, file, latencies)


def _documents(inputs: Path) -> list[bytes]:
    try:
        return [record["text"].encode() for record in read_lines(inputs, DOCUMENT_BYTES)]
    except (OSError, MalformedLines) as error:
        raise SandboxFault(f"{inputs.name} is no file of documents: {error}") from error


def _nats(channel: LockstepChannel, documents: Sequence[bytes]) -> NDArray[np.float64]:
    """What each document costs, [n]. `documents` come longest first.

    Raises `ModelFailed`, and what the channel raises.
    """
    lengths = np.array([len(document) for document in documents])
    text = np.zeros((lengths.max(), len(documents)), dtype=np.uint8)
    for column, document in enumerate(documents):
        text[: len(document), column] = np.frombuffer(document, dtype=np.uint8)
    running = (np.arange(len(text))[:, None] < lengths).sum(axis=1)
    scratch = np.empty((len(documents), BYTE_VALUES), dtype=np.float32)
    nats = np.zeros(len(documents))
    told = channel.start(len(documents))
    for place, count in enumerate(running):
        if place > 0:
            told = channel.step(text[place - 1, :count])
        nats[:count] += _surprise(told, text[place, :count], scratch[:count])
    return nats


def _surprise(
    told: NDArray[np.float32], came: NDArray[np.uint8], scratch: NDArray[np.float32]
) -> NDArray[np.float64]:
    """The nats of the bytes that came, [n], by log-probabilities [n, 256].

    Whatever a sum is away from 1, within the tolerance, is taken out: nothing is gained by it.
    """
    with np.errstate(over="ignore"):
        sums = np.exp(told, out=scratch).sum(axis=1, dtype=np.float64)
    if not (np.abs(sums - 1) <= TOLERANCE).all():  # NaN fails, too
        raise ModelFailed(Failure.NOT_NORMALISED)
    given = told[np.arange(len(came)), came].astype(np.float64)
    if np.isneginf(given).any():
        raise ModelFailed(Failure.IMPOSSIBLE_BYTE)
    # Of a byte that was certain, rounding could make a gain.
    nats: NDArray[np.float64] = np.maximum(np.log(sums) - given, 0.0)
    return nats


def _keep(nats: NDArray[np.float64], exam: Exam, limit: int) -> Path | None:
    rows = nats.astype("<f4")
    file = exam.output and exam.output.with_suffix(".npy")
    with Predictions(examples=len(rows), columns=1, limit=limit, file=file) as predictions:
        predictions.add(ROWS.pack(len(rows), 1) + rows.tobytes())
        predictions.keep()
    return file
