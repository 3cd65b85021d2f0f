"""The examination in which a model answers a row of numbers for each example."""

import secrets
import time

from evaluator.harness.protocol import RUN_BYTES, Kind, Predict, ProtocolError
from evaluator.sandbox.examination import Dialogue, Exam, Outcome
from evaluator.sandbox.outputs import Predictions, example_count


class RowsExamination:
    """Asks for one file of inputs at once, and takes `columns` numbers for each example."""

    def __init__(self, columns: int) -> None:
        self._columns = columns

    def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
        """See `Examination`."""
        run = secrets.token_bytes(RUN_BYTES)
        examples = example_count(exam.inputs)
        latencies = []
        file = exam.output and exam.output.with_suffix(".npy")
        with Predictions(
            examples=examples,
            columns=self._columns,
            limit=dialogue.limits.output_bytes,
            file=file,
        ) as predictions:
            command = Predict(run=run, inputs=f"{dialogue.mount}/{exam.placed}")
            started = last = dialogue.ask(command)
            while True:
                frame = dialogue.answer(run, started + exam.seconds)
                now = time.monotonic()
                if frame.kind is Kind.DONE and not frame.payload:
                    break
                if frame.kind is not Kind.PREDICTIONS:
                    raise ProtocolError("something else than predictions")
                latencies.append((now - last) / predictions.add(frame.payload))
                last = now
            predictions.keep()
        dialogue.end_run(run)
        return Outcome(examples, now - started, file, latencies)
