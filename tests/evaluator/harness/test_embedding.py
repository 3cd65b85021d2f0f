"""Vectors of texts of two kinds, in the order in which the texts came."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.harness.batches import Batch
from evaluator.harness.embedding import Embedding
from evaluator.harness.errors import ModelError
from evaluator.harness.protocol import ROWS
from evaluator.harness.runners import Inputs, Outputs

SETTINGS = {"max_dimensions": 3, "input": {"text": {"max_bytes": 10}}}
BATCH = Batch(["aa", "b", "cccc"], kinds=("query", "document", "query"))


class Scripted:
    """A model that answers what a function makes of texts and their kind."""

    def __init__(self, answer: Callable[[list[str], str], NDArray[np.generic]]) -> None:
        self._answer = answer

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        assert isinstance(inputs, list)
        return {"": self._answer(inputs, kind)}


def lengths(texts: list[str], kind: str) -> NDArray[np.generic]:
    return np.array([[len(text), ("document", "query").index(kind)] for text in texts], np.float64)


def test_each_kind_is_embedded_by_itself_and_comes_back_in_order() -> None:
    payload = Embedding.from_settings(SETTINGS).answer(Scripted(lengths), BATCH).payload
    assert ROWS.unpack_from(payload) == (3, 2)
    rows = np.frombuffer(payload, "<f4", offset=ROWS.size).reshape(3, 2)
    assert rows.tolist() == [[2, 1], [1, 0], [4, 1]]


@pytest.mark.parametrize(
    "answer",
    [
        lambda texts, kind: np.zeros((len(texts), 0)),
        lambda texts, kind: np.zeros((len(texts), 4)),
        lambda texts, kind: np.zeros((len(texts), 1 if kind == "query" else 2)),
        lambda texts, kind: np.zeros((len(texts) + 1, 2)),
        lambda texts, kind: np.zeros(len(texts)),
        lambda texts, kind: np.zeros((len(texts), 2), np.int32),
    ],
    ids=["no dimension", "too many", "another for queries", "too many rows", "flat", "integers"],
)
def test_anything_else_is_explained(
    answer: Callable[[list[str], str], NDArray[np.generic]],
) -> None:
    with pytest.raises(ModelError, match="vectors of shape"):
        Embedding.from_settings(SETTINGS).answer(Scripted(answer), BATCH)


def test_the_length_of_the_first_vectors_is_that_of_all() -> None:
    task = Embedding.from_settings(SETTINGS)
    task.answer(Scripted(lengths), BATCH)
    with pytest.raises(ModelError, match=r"\[1, 2\]"):
        task.answer(Scripted(lambda texts, kind: np.zeros((len(texts), 3))), BATCH)
