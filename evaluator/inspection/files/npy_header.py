"""Reads the header of a NumPy array file (.npy), without NumPy and without evaluating it.

The format: `\\x93NUMPY`, two bytes of version, the header's length (two bytes, from version 2 on
four), then a Python dictionary literal with `descr`, `fortran_order` and `shape`, padded with
spaces and closed by a newline; then the data. An array of objects is a pickle.
"""

import re
from dataclasses import dataclass

from evaluator.inspection import limits
from evaluator.inspection.elements import (
    ElementType,
    Family,
    data_bytes,
    element_count,
    parameters_of,
)
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

MAGIC = b"\x93NUMPY"
HEAD_BYTES = limits.NPY_MAX_HEADER_BYTES + 12
"""Enough of the start of any array to read its header."""

_ELEMENT_TYPES = {
    element.name: element
    for element in (
        ElementType("b1", Family.INTEGER, 8),
        ElementType("u1", Family.INTEGER, 8),
        ElementType("i1", Family.INTEGER, 8),
        ElementType("u2", Family.INTEGER, 16),
        ElementType("i2", Family.INTEGER, 16),
        ElementType("u4", Family.INTEGER, 32),
        ElementType("i4", Family.INTEGER, 32),
        ElementType("u8", Family.INTEGER, 64),
        ElementType("i8", Family.INTEGER, 64),
        ElementType("f2", Family.FLOAT, 16),
        ElementType("f4", Family.FLOAT, 32),
    )
}

_HEADER = re.compile(
    r"\{ *'descr' *: *(?P<descr>'[^'\\]{1,64}'|\[.*\]) *,"
    r" *'fortran_order' *: *(?:True|False) *,"
    r" *'shape' *: *\((?P<shape>[0-9, ]*)\) *,? *\}(?P<padding> *)\n?",
)
_SIZE = r"(?:0|[1-9][0-9]{0,18})"
_SHAPE = re.compile(rf"|{_SIZE},|{_SIZE}(?:, ?{_SIZE})+,?")


@dataclass(frozen=True)
class ArrayHeader:
    """What a header says: `header_bytes` come before the data, which takes `data_bytes`."""

    element: ElementType
    shape: tuple[int, ...]
    elements: int
    header_bytes: int
    data_bytes: int


def inspect_npy(reader: ExactReader, ledger: Ledger) -> None:
    """Counts the array of a .npy file. Raises `Refused` where it breaks a rule."""
    header = parse_npy(reader.head(HEAD_BYTES), reader.size, reader.path)
    ledger.add_side_bytes(header.header_bytes)
    add_array(header, reader.path, reader.path, ledger)


def add_array(header: ArrayHeader, name: str, path: str, ledger: Ledger) -> None:
    """Counts the data of an array."""
    ledger.add_tensor(
        name=name,
        path=path,
        dtype=header.element.name,
        shape=header.shape,
        parameters=parameters_of(header.element, header.elements),
        size=header.data_bytes,
    )


def parse_npy(head: bytes, size: int, path: str) -> ArrayHeader:
    """The header at the start of `head`, of an array whose file has `size` bytes."""
    if not head.startswith(MAGIC):
        raise _malformed(path, "does not start like a NumPy array")
    version = tuple(head[6:8])
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise _malformed(path, "has a version of the format that is not known")
    start = 10 if version == (1, 0) else 12
    length = int.from_bytes(head[8:start], "little")
    if length > limits.NPY_MAX_HEADER_BYTES:
        raise _malformed(path, f"declares a header of {length} bytes")
    if len(head) < start + length:
        raise _malformed(path, "ends within its header")
    try:
        text = head[start : start + length].decode("utf-8" if version == (3, 0) else "latin-1")
    except UnicodeDecodeError as error:
        raise _malformed(path, "has a header that is not text") from error
    found = _HEADER.fullmatch(text)
    if found is None or not _SHAPE.fullmatch(found["shape"].strip()):
        raise _malformed(path, "has a header that numpy.save does not write")
    if len(found["padding"]) > limits.NPY_MAX_PADDING:
        raise _malformed(path, f"has a header padded with {len(found['padding'])} spaces")
    element = _element(found["descr"], path)
    shape = tuple(int(size) for size in found["shape"].split(",") if size.strip())
    elements = element_count(shape)
    if elements is None:
        raise _malformed(path, "has a shape that no array has")
    if elements == 0:
        what = f"The array {shown(path)} has no elements."
        raise Refused(RefusalCode.ZERO_SIZE_TENSOR, path, what)
    expected = data_bytes(element, elements)
    if size != start + length + expected:
        what = (
            f"The array {shown(path)} has {size - start - length} bytes of data; "
            f"its type and shape need {expected}."
        )
        raise Refused(RefusalCode.NPY_SIZE_MISMATCH, path, what)
    return ArrayHeader(element, shape, elements, start + length, expected)


def _malformed(path: str, what: str) -> Refused:
    return Refused(RefusalCode.NPY_MALFORMED, path, f"{shown(path)} {what}.")


def _element(descr: str, path: str) -> ElementType:
    if "O" in descr:
        what = f"{shown(path)} is an array of Python objects, which NumPy stores as a pickle."
        raise Refused(RefusalCode.PICKLE, path, what)
    element = _ELEMENT_TYPES.get(descr.strip("'").lstrip("<>|="))
    if element is None:
        what = f"{shown(path)} has the element type {shown(descr)}."
        raise Refused(RefusalCode.DTYPE_NOT_ALLOWED, path, what)
    return element
