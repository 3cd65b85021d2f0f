"""NumPy's array files, read with suspicion: the header first, the data only if it fits.

The format is numpy/lib/format.py's (NEP 1), versions 1.0 to 3.0. The reader is our own, because
NumPy's answers a hostile header with a tokenizer's errors, warnings, or a guess at what was
meant. This one takes the headers that NumPy writes and evaluates nothing.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES: Final = 4096
"""The longest header that is parsed. Real ones have 128 bytes."""

_MAGIC: Final = b"\x93NUMPY"
_LENGTH_BYTES: Final = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}
_HEADER: Final = re.compile(
    r"\{'descr': '(?P<dtype>[<>|][fiub][1248])', "
    r"'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>|\d{1,18},|\d{1,18}(?:, \d{1,18}){1,31})\), \} *\n",
    re.ASCII,
)


class MalformedArray(ValueError):
    """The file is not an array of plain numbers in NumPy's format."""


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """What a file says it holds. The file's size has been held against that."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool


def read_header(path: Path) -> ArrayHeader:
    """What the file holds, from its header. Reads no data.

    Raises `MalformedArray` if the file's size is not exactly what its header promises.
    """
    with path.open("rb") as file:
        return _header(file, path.stat().st_size)


def read_array(path: Path) -> NDArray[Any]:
    """The whole array. Check `read_header` first: this allocates what the header says."""
    with path.open("rb") as file:
        header = _header(file, path.stat().st_size)
        array = np.fromfile(file, header.dtype, math.prod(header.shape))
    return array.reshape(header.shape, order="F" if header.fortran_order else "C")


def _header(file: BinaryIO, size: int) -> ArrayHeader:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise MalformedArray("it does not begin as one")
    length_bytes = _LENGTH_BYTES.get(file.read(2))
    if length_bytes is None:
        raise MalformedArray("its format version is unknown")
    length = int.from_bytes(file.read(length_bytes), "little")
    if length > HEADER_BYTES:
        raise MalformedArray(f"its header exceeds {HEADER_BYTES} bytes")
    match = _HEADER.fullmatch(file.read(length).decode("latin-1"))
    if match is None:
        raise MalformedArray("its header is not that of an array of plain numbers")
    try:
        dtype = np.dtype(match["dtype"])
    except TypeError as error:
        raise MalformedArray(f"{match['dtype']} is no kind of number") from error
    shape = tuple(int(length) for length in match["shape"].split(",") if length)
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if size != expected:
        raise MalformedArray(f"it has {size} bytes where its header needs {expected}")
    return ArrayHeader(shape=shape, dtype=dtype, fortran_order=match["fortran"] == "True")
