"""Damaged tensor files: a verdict for each, and whatever is accepted the stock libraries read."""

import io
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from tests.evaluator.inspection.artifacts import python_verdict

_ARRAYS: dict[str, np.ndarray] = {"a": np.zeros((2, 3), np.float32), "b": np.ones(4, np.int8)}


def _npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, _ARRAYS["a"])
    return stream.getvalue()


def _npz(compressed: bool) -> bytes:
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **_ARRAYS)  # type: ignore[arg-type]
    return stream.getvalue()


SAMPLES = {
    "w.safetensors": save(_ARRAYS, {"format": "np"}),
    "w.npy": _npy(),
    "stored.npz": _npz(compressed=False),
    "deflated.npz": _npz(compressed=True),
}


def stock_sizes(path: str, content: bytes) -> int:
    """Bytes of the arrays that the stock library finds in a file."""
    if path.endswith(".safetensors"):
        return sum(array.nbytes for array in load(content).values())
    loaded = np.load(io.BytesIO(content), allow_pickle=False)
    if path.endswith(".npy"):
        return int(loaded.nbytes)
    return sum(loaded[name].nbytes for name in loaded.files)


def assert_agrees(path: str, content: bytes) -> bool:
    verdict = python_verdict({path: content})
    if verdict.counts is None:
        return False
    try:
        size = stock_sizes(path, content)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        # A damaged stream or checksum shows only when the data is read, as inspection never does.
        return path.endswith(".npz")
    assert verdict.counts.tensor_bits == 8 * size
    return True


@pytest.mark.parametrize("path", SAMPLES)
def test_every_single_bit_may_flip(path: str) -> None:
    content = SAMPLES[path]
    assert assert_agrees(path, content)
    for position in range(len(content)):
        for bit in range(8):
            flipped = bytes([content[position] ^ 1 << bit])
            assert_agrees(path, content[:position] + flipped + content[position + 1 :])


@pytest.mark.parametrize("path", SAMPLES)
def test_no_truncated_or_extended_file_is_accepted(path: str) -> None:
    content = SAMPLES[path]
    for length in range(len(content)):
        assert not python_verdict({path: content[:length]}).accepted
    for more in (b"\0", b" ", b"\0" * 64, content):
        assert not python_verdict({path: content + more}).accepted


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=3
    ),
)
def test_edits_are_refused_or_read_alike(path: str, edits: list[tuple[float, int, bytes]]) -> None:
    content = SAMPLES[path]
    for place, removed, inserted in edits:
        position = int(place * len(content))
        content = content[:position] + inserted + content[position + removed :]
    assert_agrees(path, content)


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "w"]), inner
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_header_has_a_verdict(header: object) -> None:
    import json

    text = json.dumps(header).encode()
    content = len(text).to_bytes(8, "little") + text
    assert_agrees("w.safetensors", content)
