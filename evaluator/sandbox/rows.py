"""The examination in which a model answers a row of numbers for each example."""

from evaluator.harness.protocol import Kind
from evaluator.sandbox.batched import put_inputs
from evaluator.sandbox.examination import Dialogue, Exam, Outcome
from evaluator.sandbox.outputs import Predictions, example_count


class RowsExamination:
    """Asks for one file of inputs at once, and takes `columns` numbers for each example.

    With `at_most` a model may answer fewer numbers, always the same.
    """

    def __init__(self, columns: int, *, at_most: bool = False) -> None:
        self._columns = columns
        self._at_most = at_most

    def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
        """See `Examination`."""
        examples = example_count(exam.inputs)
        file = exam.output and exam.output.with_suffix(".npy")
        with Predictions(
            examples=examples,
            columns=self._columns,
            limit=dialogue.limits.output_bytes,
            file=file,
            at_most=self._at_most,
        ) as predictions:
            seconds, latencies = put_inputs(dialogue, exam, Kind.PREDICTIONS, predictions.add)
            predictions.keep()
        return Outcome(examples, seconds, file, latencies)
