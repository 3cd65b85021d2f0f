"""Losses as they are kept: small, apart by split, mapped into memory, and never trusted."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from evaluator.contract import Split
from evaluator.losses_file import (
    ABOUT,
    InvalidLosses,
    SplitLosses,
    SplitResampled,
    ValueOf,
    read_about,
    read_evidence,
    write_losses,
    write_resampled,
)
from tests.support.losses import evidence_of

FLOATS = st.floats(0, 1000, width=32)


def both(public: SplitLosses, private: SplitLosses | None = None) -> dict[Split, SplitLosses]:
    return {Split.PUBLIC: public, Split.PRIVATE: private or public}


@given(
    losses=hnp.arrays(np.float32, st.integers(1, 50), elements=FLOATS),
    value_of=st.sampled_from(ValueOf),
)
def test_losses_come_back_as_they_were(losses: np.ndarray, value_of: ValueOf) -> None:
    weights = np.arange(1, len(losses) + 1, dtype=np.float32)
    content = write_losses(both(SplitLosses(losses, weights), SplitLosses(losses[::-1])), value_of)
    assert read_about(io.BytesIO(content)).value_of is value_of
    public, private = (evidence_of(content, split) for split in Split)
    assert isinstance(public, SplitLosses)
    assert isinstance(private, SplitLosses)
    assert public.losses.tolist() == losses.tolist()
    assert private.losses.tolist() == losses[::-1].tolist()
    assert private.weights is None
    if len(losses) > 1:
        assert public.weights is not None
        assert public.weights.tolist() == weights.tolist()


def test_they_are_mapped_into_memory_and_the_other_split_is_not_touched(tmp_path: Path) -> None:
    content = write_losses(both(SplitLosses(np.ones(5, np.float32))), ValueOf.MEAN)
    _, found = read_evidence(io.BytesIO(content), Split.PUBLIC, tmp_path)
    assert isinstance(found, SplitLosses)
    assert isinstance(found.losses, np.memmap)
    assert [path.name for path in tmp_path.iterdir()] == ["public-losses.npy"]


def test_right_and_wrong_takes_a_hundredth_of_its_size() -> None:
    wrong = (np.random.default_rng(0).random(100_000) < 0.03).astype(np.float32)
    content = write_losses(both(SplitLosses(wrong)), ValueOf.ONE_MINUS_MEAN)
    assert len(content) < 2 * wrong.nbytes / 10


def test_equal_losses_are_equal_bytes() -> None:
    one, other = (
        write_losses(both(SplitLosses(np.arange(9, dtype=np.float32))), ValueOf.MEAN)
        for _ in range(2)
    )
    assert one == other


def test_resampled_values_come_back() -> None:
    values = np.linspace(0, 1, 7)
    content = write_resampled(
        {split: SplitResampled(values, examples=9) for split in Split}, seed=5
    )
    found = evidence_of(content, Split.PRIVATE)
    assert isinstance(found, SplitResampled)
    assert found.resampled.tolist() == values.tolist()
    assert found.examples == 9
    about = read_about(io.BytesIO(content))
    assert (about.seed, about.value_of) == (5, None)


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return target.getvalue()


def npy(array: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


ABOUT_MEAN = json.dumps({"version": 1, "value_of": "mean"}).encode()
GOOD = npy(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    "content",
    [
        b"not an archive",
        archive({"public/losses.npy": GOOD}),
        archive({ABOUT: b"{}", "public/losses.npy": GOOD}),
        archive({ABOUT: ABOUT_MEAN.replace(b"1", b"2"), "public/losses.npy": GOOD}),
        archive({ABOUT: ABOUT_MEAN}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": b"rubbish"}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": npy(np.zeros(3))}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": npy(np.zeros((3, 1), np.float32))}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": npy(np.array([0, np.nan], np.float32))}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": npy(np.array([None, 1], object))}),
        archive({ABOUT: ABOUT_MEAN, "public/losses.npy": GOOD, "public/weights.npy": GOOD}),
    ],
    ids=[
        "no archive",
        "no about",
        "empty about",
        "other version",
        "no losses",
        "no array",
        "float64",
        "two axes",
        "nan",
        "objects",
        "weights of 0",
    ],
)
def test_what_is_no_file_of_losses_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidLosses):
        read_evidence(io.BytesIO(content), Split.PUBLIC, tmp_path)
