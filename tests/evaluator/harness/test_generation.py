"""Texts from a model, as texts or as padded bytes."""

from typing import Any

import numpy as np
import pytest

from evaluator.harness.batches import Batch
from evaluator.harness.errors import ModelError
from evaluator.harness.generation import Generation
from evaluator.harness.protocol import Kind
from evaluator.harness.runners import Inputs, Outputs

TASK = Generation.from_settings({"max_bytes": 4, "input": {"text": {"max_bytes": 10}}})


class Scripted:
    """A model with one answer."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        return {"texts": self._answer}


@pytest.mark.parametrize(
    "answer",
    [["ñu", ""], np.array([[0xC3, 0xB1, 0x75, 0], [0, 0, 0, 0]], np.uint8)],
    ids=["texts", "bytes"],
)
def test_texts_are_sent_as_utf8(answer: Any) -> None:
    sent = TASK.answer(Scripted(answer), Batch(["a", "b"]))
    assert sent.kind is Kind.TEXTS
    assert sent.payload == b"\0\0\0\2" + b"\0\0\0\3\xc3\xb1u" + b"\0\0\0\0"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (["a"], "1 texts to 2 prompts"),
        (["a", 3], "answered int where a text is due"),
        (["a", "\ud800"], "no Unicode"),
        (["a", "ñññ"], "a text of 6 bytes"),
        (["a", "a\0"], "NUL"),
        (np.array([[0xFF], [0]], np.uint8), "not UTF-8"),
        (np.zeros((2, 3), np.float32), "has to answer texts"),
    ],
    ids=["too few", "a number", "a surrogate", "too long", "NUL", "no UTF-8", "numbers"],
)
def test_anything_else_is_explained(answer: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        TASK.answer(Scripted(answer), Batch(["a", "b"]))
