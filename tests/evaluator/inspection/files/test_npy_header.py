"""Our reader of .npy headers against NumPy, and against broken and hostile files."""

import io
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection import Refused
from evaluator.inspection.files.npy_header import MAGIC, parse_npy
from tests.evaluator.inspection.artifacts import codes, python_verdict

_GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def npy_of(header: str, data: bytes = b"\0" * 8, version: int = 1) -> bytes:
    text = header.encode("latin-1")
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return MAGIC + bytes([version, 0]) + length + text + data


@settings(deadline=None)
@given(
    st.sampled_from(["<f4", ">f4", "<f2", "|i1", "|u1", "|b1", "<i2", ">u2", "<i4", "<u8", ">i8"]),
    st.lists(st.integers(1, 6), max_size=5).map(tuple),
    st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_sees_what_numpy_wrote(
    dtype: str, shape: tuple[int, ...], fortran: bool, version: tuple[int, int]
) -> None:
    array = np.zeros(shape, dtype, order="F" if fortran else "C")
    content = npy(array, version)
    header = parse_npy(content[:12_000], len(content), "x.npy")
    assert header.shape == shape
    assert header.data_bytes == array.nbytes
    assert header.header_bytes == len(content) - array.nbytes
    assert header.element.bits == array.dtype.itemsize * 8


def test_counts_by_the_rule() -> None:
    verdict = python_verdict(
        {"w.npy": npy(np.zeros((3, 4), np.float16)), "i.npy": npy(np.zeros(5, np.int8))}
    )
    assert verdict.counts is not None
    assert verdict.counts.parameters == 12 + 10
    assert verdict.counts.tensor_bits == 12 * 16 + 5 * 8


def test_a_header_from_before_python_3_or_without_a_newline_is_read() -> None:
    assert parse_npy(npy_of(_GOOD), len(npy_of(_GOOD)), "x.npy").shape == (2,)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "npy_malformed"),
        (MAGIC, "npy_malformed"),
        (MAGIC + b"\x04\x00\x00\x00", "npy_malformed"),
        (npy_of(_GOOD)[:30], "npy_malformed"),
        (MAGIC + b"\x02\x00\xff\xff\xff\xff", "npy_malformed"),
        (npy_of(_GOOD.replace("(2,)", "(2)")), "npy_malformed"),
        (npy_of(_GOOD.replace("(2,)", "(-2,)")), "npy_malformed"),
        (npy_of(_GOOD.replace("(2,)", "(" + "1," * 65 + ")")), "npy_malformed"),
        (npy_of(_GOOD.replace("(2,)", "(9999999999999999999,)")), "npy_malformed"),
        (npy_of(_GOOD.replace("False", "__import__('os')")), "npy_malformed"),
        (npy_of(_GOOD.replace("}", "'x': 1}")), "npy_malformed"),
        (npy_of(_GOOD + " " * 129), "npy_malformed"),
        (npy_of(_GOOD, b"\0" * 7), "npy_size_mismatch"),
        (npy_of(_GOOD, b"\0" * 9), "npy_size_mismatch"),
        (npy(np.zeros((2, 0), np.float32)), "zero_size_tensor"),
        (npy(np.zeros(2, np.float64)), "dtype_not_allowed"),
        (npy(np.zeros(2, np.complex64)), "dtype_not_allowed"),
        (npy(np.array(["text"])), "dtype_not_allowed"),
        (npy(np.zeros(2, [("a", "<f4"), ("b", "<i2")])), "dtype_not_allowed"),
        (npy(np.array([{}, []], dtype=object)), "pickle"),
        (npy(np.zeros(2, [("a", "O")])), "pickle"),
    ],
)
def test_refuses_what_numpy_does_not_write_for_numbers(content: bytes, code: str) -> None:
    assert codes(python_verdict({"x.npy": content})) == [code]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_header_is_read_or_refused(text: bytes) -> None:
    content = npy_of(text.decode("latin-1"))
    with suppress(Refused):
        parse_npy(content, len(content), "x.npy")
