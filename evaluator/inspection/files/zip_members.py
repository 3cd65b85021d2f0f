"""Lists the members of a ZIP archive, and accepts only the plain layout that NumPy writes.

Members lie side by side from the first byte, the central directory follows, and its end record
closes the file: there is one reading of such a file. Prefixed, overlapping or hidden members,
encryption, comments and the 64-bit directory are refused. Layout after PKWARE's APPNOTE.TXT 6.3.
"""

import struct
import zlib
from dataclasses import dataclass

from evaluator.inspection import limits
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_END = struct.Struct("<4s4H2LH")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_KNOWN_FLAGS = 0x0002 | 0x0004 | 0x0008 | 0x0800
"""How deflate was set, sizes that follow the data, names in UTF-8. Not among them: encryption."""
_MAX_VERSION = 45
_MAX_DESCRIPTOR_BYTES = 24


@dataclass(frozen=True)
class Member:
    """A member of an archive. `start` is where its `packed` bytes lie; `size` is unpacked."""

    name: str
    deflated: bool
    start: int
    packed: int
    size: int


def zip_members(reader: ExactReader) -> list[Member]:
    """The members in the order of their data. Raises `Refused` for any other layout."""
    if reader.size < _END.size:
        raise _malformed(reader.path, "is too short for an archive")
    end_offset = reader.size - _END.size
    signature, disk, first_disk, here, entries, length, offset, comment = _END.unpack(
        reader.read(end_offset, _END.size)
    )
    if signature != b"PK\x05\x06" or comment:
        raise _malformed(reader.path, "does not end with the end record of an archive")
    if disk or first_disk or here != entries or offset + length != end_offset:
        raise _malformed(reader.path, "has an end record that does not fit the file")
    if entries > limits.NPZ_MAX_MEMBERS or length > limits.NPZ_MAX_DIRECTORY_BYTES:
        raise _malformed(reader.path, f"has a directory of {entries} members and {length} bytes")
    directory = reader.read(offset, length)
    members = []
    position = expected = 0
    for _ in range(entries):
        member, position, at = _member(reader, directory, position, offset)
        gap = at - expected
        if gap and not (expected and 0 < gap <= _MAX_DESCRIPTOR_BYTES):
            raise _malformed(reader.path, "has bytes between its members, or members that overlap")
        expected = member.start + member.packed
        members.append(member)
    if position != length or not 0 <= offset - expected <= _MAX_DESCRIPTOR_BYTES:
        raise _malformed(reader.path, "has bytes that belong to no member")
    return members


def member_head(reader: ExactReader, member: Member, length: int) -> bytes:
    """The first `length` bytes of a member, unpacked, or all of a smaller one."""
    length = min(length, member.size)
    if not member.deflated:
        return reader.read(member.start, length)
    # A bound on what is read: deflate never expands by more than this.
    packed = reader.read(member.start, min(member.packed, length + length // 1000 + 1024))
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, length)
    except zlib.error as error:
        raise _malformed(reader.path, f"has a damaged member “{shown(member.name)}”") from error


def _malformed(path: str, what: str) -> Refused:
    return Refused(RefusalCode.NPZ_MALFORMED, path, f"{shown(path)} {what}.")


def _member(
    reader: ExactReader, directory: bytes, position: int, limit: int
) -> tuple[Member, int, int]:
    """The member at `position` of the directory, where the next one is, and its local header."""
    if len(directory) < position + _CENTRAL.size:
        raise _malformed(reader.path, "has a directory that ends too early")
    fields = _CENTRAL.unpack_from(directory, position)
    signature, _, version, flags, method, _, _, _, packed, size = fields[:10]
    name_length, extra, comment, disk, _, _, at = fields[10:]
    name_bytes = directory[position + _CENTRAL.size :][:name_length]
    if signature != b"PK\x01\x02" or len(name_bytes) != name_length or disk or comment:
        raise _malformed(reader.path, "has a directory that is damaged")
    if method not in {_STORED, _DEFLATED} or flags & ~_KNOWN_FLAGS or version > _MAX_VERSION:
        raise _malformed(reader.path, "is encrypted, or packed by another method than deflate")
    if 0xFFFFFFFF in (packed, size, at) or (method == _STORED and packed != size):
        raise _malformed(reader.path, "has a member whose size can't be told")
    if at + _LOCAL.size > limit:
        raise _malformed(reader.path, "has a member outside of the file")
    local = _LOCAL.unpack(reader.read(at, _LOCAL.size))
    start = at + _LOCAL.size + local[9] + local[10]
    if start + packed > limit:
        raise _malformed(reader.path, "has a member outside of the file")
    local_name = reader.read(at + _LOCAL.size, local[9])
    if local[0] != b"PK\x03\x04" or local_name != name_bytes or local[2:4] != (flags, method):
        raise _malformed(reader.path, "has a member that contradicts the directory")
    try:
        name = name_bytes.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(reader.path, "has a member whose name is not UTF-8") from error
    member = Member(name, method == _DEFLATED, start, packed, size)
    return member, position + _CENTRAL.size + name_length + extra, at
