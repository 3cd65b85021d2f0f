"""Reads the fields of a protobuf message from a file, seeking past what nobody asks for.

After the encoding guide of Protocol Buffers. Nothing is built in memory: a field is a number, a
wire type and the range of its payload. The reader is made for hostile input: every length is held
against the message that contains it, varints end after ten bytes, groups (long obsolete) are
refused, and the number of entries that one reader walks is bounded.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from evaluator.inspection import limits
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_BUFFER_BYTES = 16 * limits.KIB
_CHUNK_BYTES = 256 * limits.KIB
_MAX_VARINT_BYTES = 10
_MAX_FIELD_NUMBER = 2**29 - 1

_CONTINUED = bytes(range(0x80, 0x100))
_OVERLONG = re.compile(rb"[\x80-\xff]{10}")
_CONTINUED_TAIL = re.compile(rb"[\x80-\xff]*\Z")


class Wire(IntEnum):
    """How a payload is encoded. `BYTES` are strings, messages and packed numbers."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


_WIRES = {int(wire): wire for wire in Wire}
_FIXED_SIZES = {Wire.FIXED64: 8, Wire.FIXED32: 4}
# What an entry of a run looks like after its tag. There is one way to match it, so a search never
# goes back. Possessive quantifiers would say so, but Python 3.11.2's end such a run too early.
_PAYLOADS = {
    Wire.VARINT: rb"[\x80-\xff]{0,9}[\x00-\x7f]",
    Wire.FIXED64: rb"(?s:.{8})",
    Wire.FIXED32: rb"(?s:.{4})",
}


class WireField(NamedTuple):
    """A field of a message, or a run of entries of one repeated field.

    The payload of a field lies in the file from `start` to before `end`, and has `size` bytes. Of
    a run these are the bounds of all its `entries` with their tags; `size` is without tags.
    """

    number: int
    wire: Wire
    start: int
    end: int
    size: int
    entries: int


@dataclass(frozen=True)
class RunPattern:
    """How to find, at once, all entries of a repeated number that follow each other unpacked.

    ONNX writes the lists of numbers in attributes so, and a forest has a million of them. `tag` is
    the one byte in front of each entry.
    """

    tag: int
    wire: Wire
    pattern: re.Pattern[bytes]

    @classmethod
    def of(cls, number: int, wire: Wire) -> "RunPattern":
        """The pattern for a field whose number is below 16, so that its tag is one byte."""
        tag = number << 3 | wire
        entry = re.escape(bytes([tag])) + _PAYLOADS[wire]
        return cls(tag, wire, re.compile(rb"(?:" + entry + rb")+"))

    def count(self, run: bytes) -> int:
        """How many entries a run has. An entry has two bytes below 0x80, its tag and its last."""
        if self.wire is Wire.VARINT:
            return len(run.translate(None, _CONTINUED)) // 2
        return len(run) // (1 + _FIXED_SIZES[self.wire])


NO_RUNS: Mapping[int, RunPattern] = {}


class WireReader:
    """Walks messages in one file, in any order, through one small buffer."""

    def __init__(self, reader: ExactReader) -> None:
        self.path = reader.path
        self._reader = reader
        self._buffer = b""
        self._base = 0
        self._entries = 0
        self._scanned = 0

    def malformed(self, what: str) -> Refused:
        """The refusal of this file as no well-formed model."""
        return Refused(RefusalCode.ONNX_MALFORMED, self.path, f"{shown(self.path)} {what}.")

    def too_complex(self, what: str) -> Refused:
        """The refusal of this file as too much to walk."""
        return Refused(RefusalCode.ONNX_TOO_COMPLEX, self.path, f"{shown(self.path)} has {what}.")

    def fields(
        self, start: int, end: int, runs: Mapping[int, RunPattern] = NO_RUNS
    ) -> Iterator[WireField]:
        """The fields of the message that lies from `start` to before `end`.

        `runs` has, by tag, the repeated numbers whose entries are to be taken together.
        """
        position = start
        while position < end:
            self._entries += 1
            if self._entries > limits.ONNX_MAX_ENTRIES:
                raise self.too_complex(f"more than {limits.ONNX_MAX_ENTRIES} entries")
            tag, first = self.varint(position, end)
            if tag in runs:
                run = self._run(runs[tag], position, end)
                if run is not None:
                    position = run.end
                    yield run
                    continue
            number, wire = tag >> 3, _WIRES.get(tag & 7)
            if not 1 <= number <= _MAX_FIELD_NUMBER or wire is None:
                raise self.malformed(f"has no valid field at byte {position}")
            if wire is Wire.BYTES:
                length, first = self.varint(first, end)
                position = first + length
            elif wire is Wire.VARINT:
                _, position = self.varint(first, end)
            else:
                position = first + _FIXED_SIZES[wire]
            if position > end:
                raise self.malformed(f"has a field at byte {first} that ends after its message")
            yield WireField(number, wire, first, position, position - first, 1)

    def varint(self, position: int, end: int) -> tuple[int, int]:
        """The unsigned varint at `position`, which must end by `end`, and where it ends."""
        value = shift = 0
        limit = min(end, position + _MAX_VARINT_BYTES)
        while position < limit:
            index = position - self._base
            if not 0 <= index < len(self._buffer):
                self._fill(position)
                index = 0
            byte = self._buffer[index]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, position
            shift += 7
        raise self.malformed(f"has a number at byte {position} that does not end")

    def _run(self, pattern: RunPattern, position: int, end: int) -> WireField | None:
        """The entries of a repeated number from `position` on, as far as the buffer reaches."""
        if position - self._base + _MAX_VARINT_BYTES + 1 > len(self._buffer):
            self._fill(position)
        index = position - self._base
        found = pattern.pattern.match(self._buffer, index, min(len(self._buffer), end - self._base))
        if found is None:
            return None
        run = found.group()
        self._scan(len(run))
        count = pattern.count(run)
        number = pattern.tag >> 3
        return WireField(
            number, pattern.wire, position, position + len(run), len(run) - count, count
        )

    def signed(self, field: WireField) -> int:
        """The value of a varint field as int64."""
        value, _ = self.varint(field.start, field.end)
        return value - 2**64 if value >= 2**63 else value

    def text(self, field: WireField) -> str:
        """A string field that the inspector has to understand, such as the name of an operator."""
        if field.end - field.start > limits.ONNX_MAX_NAME_BYTES:
            raise self.malformed(f"has a name of {field.end - field.start} bytes")
        try:
            return self._reader.read(field.start, field.end - field.start).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.malformed("has a name that is not UTF-8") from error

    def packed_varints(self, start: int, end: int) -> Iterator[int]:
        """The unsigned varints that lie packed in the range."""
        position = start
        while position < end:
            value, position = self.varint(position, end)
            yield value

    def count_packed_varints(self, start: int, end: int) -> int:
        """How many varints lie packed in the range. Their bytes have to be read for that."""
        self._scan(end - start)
        count = 0
        unfinished = b""
        for position in range(start, end, _CHUNK_BYTES):
            chunk = self._reader.read(position, min(_CHUNK_BYTES, end - position))
            count += len(chunk.translate(None, _CONTINUED))
            chunk = unfinished + chunk
            if _OVERLONG.search(chunk):
                raise self.malformed(f"has a number after byte {position} that does not end")
            tail = _CONTINUED_TAIL.search(chunk[-_MAX_VARINT_BYTES:])
            unfinished = tail.group() if tail else b""
        if unfinished:
            raise self.malformed(f"has a number before byte {end} that does not end")
        return count

    def _scan(self, size: int) -> None:
        """Notes that so many bytes of numbers are read, and stops where they are too many."""
        self._scanned += size
        if self._scanned > limits.ONNX_MAX_SCANNED_BYTES:
            raise self.too_complex(f"more than {limits.ONNX_MAX_SCANNED_BYTES} bytes of numbers")

    def _fill(self, position: int) -> None:
        length = min(_BUFFER_BYTES, self._reader.size - position)
        self._buffer = self._reader.read(position, length)
        self._base = position
