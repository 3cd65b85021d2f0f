"""Generation: a text in answer to each prompt.

Inputs are texts. Predictions are a file of JSON Lines, `{"text": "..."}` for each prompt. A label
is the one reference text, or, where the settings say `several_references`, a JSON list of texts,
of which the one that suits an answer best counts.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from numpy.typing import NDArray

from evaluator.task_settings import GenerationSettings, TaskSettings
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidLabels, InvalidPredictions
from evaluator.tasks.inputs import count_inputs
from evaluator.tasks.labels import LabelKind, LabelRow, as_objects
from evaluator.tasks.text_lines import MalformedLines, read_texts


class Generation(TaskType[GenerationSettings]):
    """See the module."""

    name: ClassVar[str] = "generation"
    Settings: ClassVar[type[TaskSettings]] = GenerationSettings

    @property
    def label_kind(self) -> LabelKind:
        """One column, `label`; the values are an object array [n] of tuples of references."""
        return LabelKind(columns=("label",), parse=self._references)

    def count_examples(self, inputs: Path) -> int:
        """The n of the prompts. Raises `InvalidInputs`, see `count_inputs`."""
        return count_inputs(inputs, self.settings.input)

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[Any]:
        """The answers, an object array [examples] of texts.

        Raises `InvalidPredictions` with the reason `malformed`.
        """
        try:
            return read_texts(predictions, self.settings.max_bytes, examples)
        except MalformedLines as error:
            raise InvalidPredictions(
                "malformed", f"The predictions are no file of texts: {error}."
            ) from error

    def _references(self, rows: Sequence[LabelRow]) -> NDArray[Any]:
        read = _listed if self.settings.several_references else _single
        return as_objects([read(row) for row in rows])


def _single(row: LabelRow) -> tuple[str, ...]:
    return row.cells


def _listed(row: LabelRow) -> tuple[str, ...]:
    try:
        references = json.loads(row.cells[0])
    except (ValueError, RecursionError):
        references = None
    texts = isinstance(references, list) and all(isinstance(text, str) for text in references)
    if not texts or not references:
        raise InvalidLabels(
            "unknown_label", f"Line {row.line}: the label is no JSON list of one or more texts."
        )
    return tuple(references)
