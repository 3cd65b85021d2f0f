"""Language modelling: documents, of which each byte is predicted from those before it.

Inputs are texts, and they are the truth as well: no labels file can be kept from whoever examines
a model. So the labels tell but each document's length in bytes, by the host's own count, and its
split. Predictions are [n, 1]: the negative log-likelihood of each document in nats.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import (
    DOCUMENT_BYTES,
    LanguageModellingSettings,
    TaskSettings,
    TextInput,
    TextLimits,
)
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidInputs, InvalidLabels, InvalidPredictions
from evaluator.tasks.inputs import count_inputs
from evaluator.tasks.labels import LabelKind, LabelRow
from evaluator.tasks.rows import read_rows
from evaluator.tasks.text_lines import read_lines

DOCUMENT = TextInput(text=TextLimits(max_bytes=DOCUMENT_BYTES))


class LanguageModelling(TaskType[LanguageModellingSettings]):
    """See the module."""

    name: ClassVar[str] = "language-modelling"
    Settings: ClassVar[type[TaskSettings]] = LanguageModellingSettings

    @property
    def label_kind(self) -> LabelKind:
        """One column, `label`; the values are the documents' bytes, int64 [n]."""
        return LabelKind(columns=("label",), parse=_lengths)

    def count_examples(self, inputs: Path) -> int:
        """The n of the documents, of 1 to `DOCUMENT_BYTES` bytes each.

        Raises `InvalidInputs`, see `count_inputs`; `empty_document` for one without a byte.
        """
        count = count_inputs(inputs, DOCUMENT)
        for number, record in enumerate(read_lines(inputs, DOCUMENT_BYTES), start=1):
            if not record["text"]:
                raise InvalidInputs("empty_document", f"Line {number}: the document is empty.")
        return count

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[Any]:
        """Nats [examples, 1], none of them negative.

        Raises `InvalidPredictions`, see `read_rows`; `negative` for a probability above 1.
        """
        rows = read_rows(predictions, examples, 1)
        if (rows < 0).any():
            raise InvalidPredictions("negative", "A negative log-likelihood is below 0.")
        return rows


def _lengths(rows: Sequence[LabelRow]) -> NDArray[Any]:
    return np.array([_length(row) for row in rows], dtype=np.int64)


def _length(row: LabelRow) -> int:
    cell = row.cells[0]
    if cell.isascii() and cell.isdigit() and 1 <= len(cell) <= len(str(DOCUMENT_BYTES)):
        length = int(cell)
        if 1 <= length <= DOCUMENT_BYTES:
            return length
    raise InvalidLabels(
        "unknown_label",
        f"Line {row.line}: the label {cell[:40]!r} is no number of bytes, 1 … {DOCUMENT_BYTES}.",
    )
