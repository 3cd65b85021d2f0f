"""Writes protobuf messages field by field, as no library would."""


def varint(value: int) -> bytes:
    encoded = bytearray()
    value &= 2**64 - 1
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def chunk(field: int, *content: bytes) -> bytes:
    """A field of bytes: a string, a message, or packed numbers."""
    joined = b"".join(content)
    return varint(field << 3 | 2) + varint(len(joined)) + joined


def float_tensor(*more: bytes, elements: int = 2) -> bytes:
    """The content of a TensorProto with `elements` floats stored raw."""
    return number(1, elements) + number(2, 1) + chunk(9, bytes(4 * elements)) + b"".join(more)


def model_of(*graph: bytes, more: bytes = b"") -> bytes:
    """A model with the given fields in its graph, and more fields beside it."""
    return number(1, 10) + chunk(7, *graph) + more
