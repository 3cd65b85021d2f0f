"""Checks and counts the text files of an artifact: source, and what lies beside the weights."""

import lzma
from collections.abc import Iterable

from evaluator.inspection import limits
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

# A dictionary as large as all source there may be. The preset's own would take 100 MB to compress.
_XZ = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": limits.MAX_SOURCE_BYTES}]


def read_text(reader: ExactReader) -> bytes:
    """The bytes of a text file. Raises `Refused` where it is too large, or no UTF-8 text."""
    path = reader.path
    if reader.size > limits.MAX_TEXT_BYTES:
        what = f"{shown(path)} has {reader.size} bytes; {limits.MAX_TEXT_BYTES} are allowed."
        raise Refused(RefusalCode.TEXT_TOO_LARGE, path, what)
    content = reader.read(0, reader.size)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"{shown(path)} is not UTF-8 at byte {error.start}."
        raise Refused(RefusalCode.TEXT_MALFORMED, path, what) from error
    if b"\0" in content:
        what = f"{shown(path)} contains a NUL character."
        raise Refused(RefusalCode.TEXT_MALFORMED, path, what)
    return content


def compressed_source_bytes(sources: Iterable[bytes]) -> int:
    """Bytes that all source takes as one xz stream, each file ended by a NUL."""
    compressor = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=_XZ)
    size = sum(len(compressor.compress(source + b"\0")) for source in sources)
    return size + len(compressor.flush())


def count_text(reader: ExactReader, ledger: Ledger) -> None:
    """Checks a text file, and counts its bytes as side bytes."""
    ledger.add_side_bytes(len(read_text(reader)))
