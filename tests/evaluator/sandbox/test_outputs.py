"""Predictions: every frame checked, and a file only when all of it is right."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from evaluator.harness.protocol import ROWS
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.outputs import (
    InvalidPredictions,
    OutputTooLarge,
    Predictions,
    example_count,
)

FINITE = st.floats(width=32, allow_nan=False, allow_infinity=False)


def payload(rows: NDArray[np.float32]) -> bytes:
    return ROWS.pack(*rows.shape) + rows.astype("<f4").tobytes()


def predictions(file: Path | None = None, *, limit: int = 10**6) -> Predictions:
    return Predictions(examples=6, columns=3, limit=limit, file=file)


@given(scores=arrays(np.float32, (6, 3), elements=FINITE), cut=st.integers(1, 5))
def test_what_is_kept_is_what_was_sent(
    tmp_path_factory: pytest.TempPathFactory, scores: NDArray[np.float32], cut: int
) -> None:
    file = tmp_path_factory.mktemp("out") / "predictions.npy"
    with predictions(file) as answer:
        assert answer.add(payload(scores[:cut])) == cut
        assert answer.add(payload(scores[cut:])) == 6 - cut
        answer.keep()

    np.testing.assert_array_equal(np.load(file, allow_pickle=False), scores)


@given(st.binary(max_size=100))
def test_noise_is_refused(noise: bytes) -> None:
    with predictions() as answer:
        try:
            rows = answer.add(noise)
        except InvalidPredictions:
            return
    assert len(noise) == ROWS.size + rows * 3 * 4


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((0, 3), dtype=np.float32),
        np.zeros((7, 3), dtype=np.float32),
        np.zeros((6, 2), dtype=np.float32),
        np.full((1, 3), np.nan, dtype=np.float32),
        np.full((1, 3), -np.inf, dtype=np.float32),
    ],
)
def test_wrong_rows(tmp_path: Path, rows: NDArray[np.float32]) -> None:
    file = tmp_path / "predictions.npy"
    with pytest.raises(InvalidPredictions), predictions(file) as answer:
        answer.add(payload(rows))
    assert not file.exists()


def test_missing_rows(tmp_path: Path) -> None:
    file = tmp_path / "predictions.npy"
    with predictions(file) as answer:
        answer.add(payload(np.zeros((5, 3), dtype=np.float32)))
        with pytest.raises(InvalidPredictions):
            answer.keep()
    assert not file.exists()


def test_too_many_bytes() -> None:
    with predictions(limit=6 * 3 * 4 - 1) as answer:
        answer.add(payload(np.zeros((5, 3), dtype=np.float32)))
        with pytest.raises(OutputTooLarge):
            answer.add(payload(np.zeros((1, 3), dtype=np.float32)))


def test_what_is_left_unkept_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "predictions.npy"
    with predictions(file) as answer:
        answer.add(payload(np.zeros((6, 3), dtype=np.float32)))
    assert not file.exists()


def test_a_row_may_be_narrower_where_the_task_says_so(tmp_path: Path) -> None:
    file = tmp_path / "predictions.npy"
    with Predictions(examples=4, columns=3, limit=10**6, file=file, at_most=True) as answer:
        answer.add(payload(np.ones((1, 2), dtype=np.float32)))
        for columns in (0, 1, 3):
            with pytest.raises(InvalidPredictions):
                answer.add(payload(np.ones((1, columns), dtype=np.float32)))
        answer.add(payload(np.ones((3, 2), dtype=np.float32)))
        answer.keep()
    assert np.load(file, allow_pickle=False).shape == (4, 2)


def test_a_row_may_not_be_wider(tmp_path: Path) -> None:
    for columns in (0, 4, 2**32 - 1):
        with (
            Predictions(examples=4, columns=3, limit=10**6, file=None, at_most=True) as answer,
            pytest.raises(InvalidPredictions),
        ):
            answer.add(ROWS.pack(1, columns) + bytes(4 * min(columns, 4)))


def test_examples_of_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((5, 2)))
    assert example_count(tmp_path / "a.npy") == 5
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    assert example_count(tmp_path / "a.jsonl") == 2
    (tmp_path / "b.npy").write_bytes(b"no array")
    for broken in ("b.npy", "absent.npy", "absent.jsonl"):
        with pytest.raises(SandboxFault, match="is no file of examples"):
            example_count(tmp_path / broken)
