"""Reads the header of a safetensors file, and refuses every place in it where data could hide.

The format: eight bytes with the header's length N, little-endian; N bytes of JSON that map each
tensor's name to `dtype`, `shape` and `data_offsets`, with optional `__metadata__`; then the data.
The stock reader accepts files that hide megabytes in metadata, names, shapes with a zero, or
padding, so this one is stricter than the format. The data itself is never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from evaluator.inspection import limits
from evaluator.inspection.elements import (
    ElementType,
    Family,
    element_count,
    parameters_of,
)
from evaluator.inspection.files.strict_json import DuplicateKey, JsonFault, parse_json
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_LENGTH_BYTES = 8
_DESCRIPTION = frozenset({"dtype", "shape", "data_offsets"})

ELEMENT_TYPES = {
    element.name: element
    for element in (
        ElementType("BOOL", Family.INTEGER, 8),
        ElementType("U8", Family.INTEGER, 8),
        ElementType("I8", Family.INTEGER, 8),
        ElementType("U16", Family.INTEGER, 16),
        ElementType("I16", Family.INTEGER, 16),
        ElementType("U32", Family.INTEGER, 32),
        ElementType("I32", Family.INTEGER, 32),
        ElementType("U64", Family.INTEGER, 64),
        ElementType("I64", Family.INTEGER, 64),
        ElementType("F4", Family.FLOAT, 4),
        ElementType("F6_E2M3", Family.FLOAT, 6),
        ElementType("F6_E3M2", Family.FLOAT, 6),
        ElementType("F8_E4M3", Family.FLOAT, 8),
        ElementType("F8_E5M2", Family.FLOAT, 8),
        ElementType("F8_E8M0", Family.FLOAT, 8),
        ElementType("F8_E4M3FNUZ", Family.FLOAT, 8),
        ElementType("F8_E5M2FNUZ", Family.FLOAT, 8),
        ElementType("F16", Family.FLOAT, 16),
        ElementType("BF16", Family.FLOAT, 16),
        ElementType("F32", Family.FLOAT, 32),
        ElementType("F64", Family.REFUSED, 64),
        ElementType("C64", Family.REFUSED, 64),
    )
}
"""The types that the format knows. Those of four and six bits are packed."""


class StoredTensor(NamedTuple):
    """A tensor as the header describes it. `begin` and `end` count from the start of the data."""

    name: str
    element: ElementType
    shape: tuple[int, ...]
    elements: int
    begin: int
    end: int


@dataclass(frozen=True)
class SafetensorsHeader:
    """What a header says. `size` is its bytes and those of its length; `tensors` are in the order
    of their data.
    """

    size: int
    tensors: tuple[StoredTensor, ...]
    metadata: Mapping[str, str]


def inspect_safetensors(reader: ExactReader, ledger: Ledger) -> None:
    """Counts the tensors of a safetensors file. Raises `Refused` where it breaks a rule."""
    header = read_header(reader)
    ledger.add_side_bytes(header.size)
    for tensor in header.tensors:
        add_stored_tensor(
            tensor, reader.path, parameters_of(tensor.element, tensor.elements), ledger
        )


def add_stored_tensor(tensor: StoredTensor, path: str, parameters: int, ledger: Ledger) -> None:
    """Counts a tensor of the file `path` as so many parameters."""
    ledger.add_tensor(
        name=tensor.name,
        path=path,
        dtype=tensor.element.name,
        shape=tensor.shape,
        parameters=parameters,
        size=tensor.end - tensor.begin,
    )


def read_header(reader: ExactReader, *, metadata_per_tensor: int = 0) -> SafetensorsHeader:
    """The header of a file. Raises `Refused` where it breaks a rule.

    `metadata_per_tensor` is how many bytes of `__metadata__` are allowed for each tensor, beyond
    those that every file may have.
    """
    if reader.size < _LENGTH_BYTES:
        raise _malformed(reader.path, "is shorter than the length of its header")
    length = int.from_bytes(reader.read(0, _LENGTH_BYTES), "little")
    _check_header_length(reader.path, length, limits.SAFETENSORS_MAX_TENSORS)
    if length > reader.size - _LENGTH_BYTES:
        raise _malformed(reader.path, "is shorter than its header")
    entries = _parse(reader.path, reader.read(_LENGTH_BYTES, length))
    metadata = entries.pop("__metadata__", None)
    _check_header_length(reader.path, length, len(entries))
    allowed = limits.SAFETENSORS_MAX_METADATA_BYTES + metadata_per_tensor * len(entries)
    checked = _checked_metadata(reader.path, metadata, allowed)
    tensors = [_tensor(reader.path, name, entry) for name, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.begin, tensor.end))
    _check_layout(reader.path, tensors, reader.size - _LENGTH_BYTES - length)
    return SafetensorsHeader(_LENGTH_BYTES + length, tuple(tensors), checked)


def _malformed(path: str, what: str) -> Refused:
    return Refused(RefusalCode.SAFETENSORS_MALFORMED, path, f"{shown(path)} {what}.")


def _check_header_length(path: str, length: int, tensors: int) -> None:
    allowed = limits.SAFETENSORS_HEADER_BASE + limits.SAFETENSORS_HEADER_PER_TENSOR * tensors
    if length > allowed or tensors > limits.SAFETENSORS_MAX_TENSORS:
        what = f"The header of {shown(path)} declares {length} bytes; {allowed} are allowed."
        raise Refused(RefusalCode.SAFETENSORS_HEADER_TOO_LARGE, path, what)


def _parse(path: str, header: bytes) -> dict[str, Any]:
    """The header's JSON object. Anything that two JSON readers may read differently is refused."""
    if not header.startswith(b"{"):
        raise _malformed(path, "has a header that does not start with an opening brace")
    body = header.rstrip(b" ")
    if len(header) - len(body) > limits.SAFETENSORS_MAX_PADDING:
        what = f"The header of {shown(path)} is padded with {len(header) - len(body)} spaces."
        raise Refused(RefusalCode.SAFETENSORS_PADDING, path, what)
    try:
        parsed = parse_json(body)
    except DuplicateKey as fault:
        what = f"The header of {shown(path)} {fault}."
        raise Refused(RefusalCode.SAFETENSORS_DUPLICATE_KEY, path, what) from fault
    except JsonFault as fault:
        raise _malformed(path, f"has a header that {fault}") from fault
    if not isinstance(parsed, dict):
        raise _malformed(path, "has a header that is not a JSON object")
    return parsed


def _checked_metadata(path: str, metadata: object, allowed: int) -> dict[str, str]:
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _malformed(path, "has __metadata__ that does not map strings to strings")
    size = sum(_utf8_bytes(path, key) + _utf8_bytes(path, v) for key, v in metadata.items())
    if size > allowed:
        what = f"The __metadata__ of {shown(path)} holds {size} bytes."
        raise Refused(RefusalCode.SAFETENSORS_METADATA_TOO_LARGE, path, what)
    return metadata


def _utf8_bytes(path: str, text: str) -> int:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise _malformed(path, "has text in its header that is not Unicode") from error


def _tensor(path: str, name: str, entry: object) -> StoredTensor:
    name_bytes = _utf8_bytes(path, name)
    if not 1 <= name_bytes <= limits.SAFETENSORS_MAX_NAME_BYTES:
        what = f"A tensor's name in {shown(path)} has {name_bytes} bytes."
        raise Refused(RefusalCode.SAFETENSORS_NAME_TOO_LONG, path, what)
    if not isinstance(entry, dict) or entry.keys() != _DESCRIPTION:
        raise _malformed(path, f"describes “{shown(name)}” by other than dtype, shape and offsets")
    element = ELEMENT_TYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if element is None:
        raise _malformed(path, f"gives “{shown(name)}” a type that the format does not know")
    if element.family is Family.REFUSED:
        what = f"{_about(path, name)} has the type {element.name}."
        raise Refused(RefusalCode.DTYPE_NOT_ALLOWED, path, what)
    shape, offsets = entry["shape"], entry["data_offsets"]
    elements = element_count(shape) if _is_sizes(shape) else None
    if elements is None:
        raise _malformed(path, f"gives “{shown(name)}” a shape that no tensor has")
    if elements == 0:
        what = f"{_about(path, name)} has no elements."
        raise Refused(RefusalCode.ZERO_SIZE_TENSOR, path, what)
    if not _is_sizes(offsets) or len(offsets) != 2 or not 0 <= offsets[0] <= offsets[1]:
        raise _malformed(path, f"gives “{shown(name)}” offsets that are no range")
    begin, end = offsets
    if (end - begin) * 8 != elements * element.bits:
        what = (
            f"{_about(path, name)} has {end - begin} bytes for {elements} elements of type "
            f"{element.name}."
        )
        raise Refused(RefusalCode.SAFETENSORS_SIZE_MISMATCH, path, what)
    return StoredTensor(name, element, tuple(shape), elements, begin, end)


def _about(path: str, name: str) -> str:
    return f"The tensor “{shown(name)}” of {shown(path)}"


def _is_sizes(value: object) -> bool:
    return isinstance(value, list) and all(type(size) is int for size in value)


def _check_layout(path: str, tensors: list[StoredTensor], data_bytes: int) -> None:
    """The tensors must follow each other from the first byte of the data to the last."""
    expected = 0
    for tensor in tensors:
        if tensor.begin < expected:
            what = f"The tensor “{shown(tensor.name)}” of {shown(path)} overlaps another."
            raise Refused(RefusalCode.SAFETENSORS_OVERLAP, path, what)
        if tensor.begin > expected:
            size = tensor.begin - expected
            raise _gap(path, f"{size} bytes before the tensor “{shown(tensor.name)}”")
        expected = tensor.end
    if expected > data_bytes:
        raise _malformed(path, f"ends {expected - data_bytes} bytes before its last tensor does")
    if expected < data_bytes:
        raise _gap(path, f"{data_bytes - expected} bytes after the last tensor")


def _gap(path: str, where: str) -> Refused:
    what = f"In {shown(path)} no tensor accounts for the {where}."
    return Refused(RefusalCode.SAFETENSORS_GAP, path, what)
