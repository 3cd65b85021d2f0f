"""Reading a metric's answer, each byte of which may be hostile."""

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.harness.metric_answer import LINE_BYTES
from evaluator.sandbox.metric_answer import plain, read_answer
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused


def line(**fields: Any) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def test_a_score_and_its_losses() -> None:
    answer = line(kind="score", score=1, losses=2) + struct.pack("<2d", 0.5, 1.5)
    score, losses = read_answer(answer, 2)
    assert losses is not None
    assert (score, losses.tolist()) == (1.0, [0.5, 1.5])
    assert read_answer(line(kind="score", score=-2.5, losses=None), 2) == (-2.5, None)


def test_a_refusal_reaches_the_participant_as_plain_text() -> None:
    with pytest.raises(SubmissionRefused) as refused:
        read_answer(line(kind="refused", message="\x1b[31mno\u202e column\n\n'y'\0"), 2)
    assert str(refused.value) == "[31mno column 'y'"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "without an answer"),
        (b'{"kind": "score"', "without an answer"),
        (b" " * LINE_BYTES + line(kind="score", score=1, losses=None), "without an answer"),
        (line(kind="other"), "is none"),
        (line(kind="score", score="1", losses=None), "is none"),
        (line(kind="score", score=True, losses=None), "is none"),
        (line(kind="score", score=float("inf"), losses=None), "is none"),
        (line(kind="score", score=1, losses=None, more=1), "is none"),
        (line(kind="score", score=1, losses=-1), "is none"),
        (line(kind="refused", message="x" * 2000), "is none"),
        (line(kind="score", score=1, losses=None) * 2, "more than once"),
        (line(kind="refused", message="") * 2, "more than once"),
        (line(kind="score", score=1, losses=2) + bytes(8), "less than it announced"),
        (line(kind="score", score=1, losses=1) + bytes(8), "1 losses for 2 rows"),
        (line(kind="score", score=1, losses=2) + b"\xff" * 16, "NaN"),
        (line(kind="failed", message="KeyError: 'y'"), "metric.py raised KeyError: 'y'"),
    ],
    ids=[
        "nothing", "no end", "too long", "unknown", "text", "bool", "infinite", "more fields",
        "negative", "long message", "twice", "refused twice", "too few", "other rows", "nan",
        "failed",
    ],
)  # fmt: skip
def test_what_is_no_answer(answer: bytes, says: str) -> None:
    with pytest.raises(MetricFailed, match=says):
        read_answer(answer, 2)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(answer: bytes) -> None:
    with pytest.raises((MetricFailed, SubmissionRefused)):
        read_answer(answer, 3)


@given(st.text(max_size=50))
def test_plain_text_is_one_printable_line(text: str) -> None:
    shown = plain(text)
    assert shown.isprintable()
    assert shown.encode(errors="strict") is not None
