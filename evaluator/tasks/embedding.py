"""Embedding: a vector for each text, so that a query lies close to the documents that answer it.

Inputs are texts, each marked with its kind, `{"text": "...", "kind": "query"}` or `"document"`.
Predictions are a NumPy float array [n, d]; the model chooses d. In the labels the row of a query
names the ids of its relevant documents, parted by spaces, and its usage; the row of a document
has an empty label and the usage `Document`. Each document is a candidate for each query, of both
splits.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from evaluator.task_settings import EmbeddingSettings, TaskSettings
from evaluator.tasks.base import TaskType
from evaluator.tasks.errors import InvalidLabels
from evaluator.tasks.inputs import count_inputs
from evaluator.tasks.labels import LabelKind, LabelRow, Labels, Usage, as_objects
from evaluator.tasks.ranking import ranks_of_relevant, unit_vectors
from evaluator.tasks.rows import read_rows

KINDS: Final = frozenset({"query", "document"})
"""What a text may be there for."""


class Embedding(TaskType[EmbeddingSettings]):
    """See the module."""

    name: ClassVar[str] = "embedding"
    Settings: ClassVar[type[TaskSettings]] = EmbeddingSettings

    @property
    def label_kind(self) -> LabelKind:
        """One column, `label`; the values are an object array [n] of int64 arrays.

        They hold the row numbers of the relevant documents: none for a document, else one or more.
        """
        return LabelKind(columns=("label",), parse=_relevant_rows, has_documents=True)

    def count_examples(self, inputs: Path) -> int:
        """The n of the texts. Raises `InvalidInputs`, see `count_inputs`."""
        return count_inputs(inputs, self.settings.input, {"kind": KINDS})

    def read_predictions(self, predictions: Path, examples: int) -> NDArray[np.floating[Any]]:
        """The vectors [examples, d]. Raises `InvalidPredictions`, see `read_rows`."""
        return read_rows(predictions, examples, self.settings.max_dimensions, at_most=True)

    def answers(self, predictions: NDArray[Any], labels: Labels) -> NDArray[Any]:
        """An object array [n] of int64 arrays: the ranks, from 1, of a query's relevant documents.

        In ascending order; empty for documents.
        """
        documents, queries = np.flatnonzero(~labels.scored), np.flatnonzero(labels.scored)
        ranks = ranks_of_relevant(
            self._comparable(predictions[queries]),
            self._comparable(predictions[documents]),
            [np.searchsorted(documents, labels.values[query]) for query in queries],
        )
        answers = as_objects([np.empty(0, np.int64)] * len(labels))
        for query, found in zip(queries, ranks, strict=True):
            answers[query] = found
        return answers

    def _comparable(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        vectors: NDArray[np.float64] = rows.astype(np.float64)
        return unit_vectors(vectors) if self.settings.similarity == "cosine" else vectors


def _relevant_rows(rows: Sequence[LabelRow]) -> NDArray[Any]:
    documents = {row.id: place for place, row in enumerate(rows) if row.usage is Usage.DOCUMENT}
    return as_objects([_relevant(row, documents) for row in rows])


def _relevant(row: LabelRow, documents: dict[str, int]) -> NDArray[np.int64]:
    names = row.cells[0].split()
    if (row.usage is Usage.DOCUMENT) != (not names):
        raise InvalidLabels(
            "unknown_label",
            f"Line {row.line}: a query names its relevant documents, a document has no label.",
        )
    if len(set(names)) != len(names):
        raise InvalidLabels("unknown_label", f"Line {row.line}: a document is named twice.")
    for name in names:
        if name not in documents:
            raise InvalidLabels("unknown_label", f"Line {row.line}: there is no document {name!r}.")
    return np.array([documents[name] for name in names], dtype=np.int64)
