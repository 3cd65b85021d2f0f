"""Texts from a model: every length and byte checked, and a file only when all of it is right."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.harness.protocol import TEXT_COUNT, TEXT_LENGTH
from evaluator.sandbox.outputs import InvalidPredictions, OutputTooLarge
from evaluator.sandbox.texts import Texts
from evaluator.tasks.text_lines import read_texts

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def payload(*texts: bytes) -> bytes:
    return TEXT_COUNT.pack(len(texts)) + b"".join(
        TEXT_LENGTH.pack(len(text)) + text for text in texts
    )


def answer(file: Path | None = None, *, examples: int = 3, limit: int = 10**6) -> Texts:
    return Texts(examples=examples, max_bytes=100, limit=limit, file=file)


@given(texts=st.lists(TEXT, min_size=2, max_size=6), cut=st.integers(1, 5))
def test_what_is_kept_is_what_was_sent(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int
) -> None:
    file = tmp_path_factory.mktemp("out") / "predictions.jsonl"
    encoded = [text.encode() for text in texts]
    with answer(file, examples=len(texts)) as taken:
        for part in filter(None, (encoded[:cut], encoded[cut:])):
            assert taken.add(payload(*part)) == len(part)
        taken.keep()
    assert read_texts(file, 100, len(texts)).tolist() == texts


@given(st.binary(max_size=60))
def test_noise_is_refused_or_is_texts(noise: bytes) -> None:
    with answer() as taken:
        try:
            count = taken.add(noise)
        except InvalidPredictions:
            return
    assert 1 <= count <= 3


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        payload(),
        payload(b"a", b"b", b"c", b"d"),
        payload(b"x" * 101),
        payload(b"a\0b"),
        payload(b"\xff\xfe"),
        payload(b"\xed\xa0\x80"),
        payload(b"a") + b"more",
        payload(b"a")[:-1],
        TEXT_COUNT.pack(2) + payload(b"a")[TEXT_COUNT.size :],
        TEXT_COUNT.pack(1) + TEXT_LENGTH.pack(2**32 - 1) + b"a",
        TEXT_COUNT.pack(2**32 - 1),
    ],
    ids=[
        "nothing",
        "no text",
        "too many",
        "too long",
        "NUL",
        "no UTF-8",
        "a surrogate",
        "bytes behind",
        "cut off",
        "one missing",
        "a huge length",
        "a huge count",
    ],
)
def test_wrong_frames(tmp_path: Path, frame: bytes) -> None:
    file = tmp_path / "predictions.jsonl"
    with pytest.raises(InvalidPredictions), answer(file) as taken:
        taken.add(frame)
    assert not file.exists()


def test_missing_texts(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    with answer(file) as taken:
        taken.add(payload(b"a", b"b"))
        with pytest.raises(InvalidPredictions):
            taken.keep()
    assert not file.exists()


def test_too_many_bytes() -> None:
    line = len(json.dumps({"text": "a"})) + 1
    with answer(limit=2 * line) as taken:
        taken.add(payload(b"a", b"a"))
        with pytest.raises(OutputTooLarge):
            taken.add(payload(b"a"))
