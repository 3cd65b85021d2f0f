"""Putting a whole file of inputs to a model, which answers it batch by batch."""

import secrets
import time
from collections.abc import Callable

from evaluator.harness.protocol import RUN_BYTES, Kind, Predict, ProtocolError
from evaluator.sandbox.examination import Dialogue, Exam


def put_inputs(
    dialogue: Dialogue, exam: Exam, kind: Kind, take: Callable[[bytes], int]
) -> tuple[float, list[float]]:
    """Ask for all of the exam's inputs, and hand the payload of each frame of `kind` to `take`.

    `take` checks it and tells how many examples it answers, at least 1. Returns the seconds it
    took and, for each frame, the seconds an example from the start up to it: answers that are held
    back and then sent together look no faster than they were. Raises what `take` and
    `Dialogue.answer` raise, and `ProtocolError` for a frame of another kind.
    """
    run = secrets.token_bytes(RUN_BYTES)
    latencies: list[float] = []
    examples = 0
    dialogue.job.place(exam.inputs, exam.placed)
    command = Predict(run=run, inputs=f"{dialogue.mount}/{exam.placed}")
    started = dialogue.ask(command)
    while True:
        frame = dialogue.answer(run, started + exam.seconds)
        now = time.monotonic()
        if frame.kind is Kind.DONE and not frame.payload:
            break
        if frame.kind is not kind:
            raise ProtocolError("something else than answers")
        examples += take(frame.payload)
        latencies.append((now - started) / examples)
    dialogue.end_run(run)
    return now - started, latencies
