"""Files of texts: JSON Lines, each line an object of strings, read with suspicion.

Every line is bounded before it is parsed, so a hostile file costs no more memory than the texts
that it may hold.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ESCAPED_BYTES: Final = 6
"""The most bytes that JSON takes for one byte of text: \\u0000."""

FRAME_BYTES: Final = 256
"""Room on a line for what stands around the text."""

Marks = Mapping[str, frozenset[str]]


class MalformedLines(ValueError):
    """The file does not hold texts, one a line. The message says which line and what is wrong."""


def read_lines(
    path: Path, max_bytes: int, marks: Marks = MappingProxyType({})
) -> Iterator[dict[str, str]]:
    """The objects of a file, each with the key `text` and those of `marks`.

    `marks` says what stands beside a text, and which words it may be. A text is UTF-8 of at most
    `max_bytes` bytes, without NUL and without half a surrogate pair. Raises `MalformedLines`.
    """
    longest = ESCAPED_BYTES * max_bytes + FRAME_BYTES
    with path.open("rb") as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                raise MalformedLines(f"line {number} is longer than {longest} bytes")
            record = _object(line, number)
            if (fault := _record_fault(record, max_bytes, marks)) is not None:
                raise MalformedLines(f"line {number} {fault}")
            yield record


def read_texts(path: Path, max_bytes: int, count: int) -> NDArray[Any]:
    """The `count` texts of a file without other keys, as an object array. See `read_lines`."""
    texts: NDArray[Any] = np.empty(count, dtype=object)
    found = 0
    for record in read_lines(path, max_bytes):
        if found == count:
            raise MalformedLines(f"there are more than {count} texts")
        texts[found] = record["text"]
        found += 1
    if found != count:
        raise MalformedLines(f"there are {found} texts where {count} are due")
    return texts


def _record_fault(record: dict[str, Any], max_bytes: int, marks: Marks) -> str | None:
    """What is wrong with the object of a line, as the end of a sentence, None if nothing is."""
    if record.keys() != {"text", *marks} or not all(isinstance(v, str) for v in record.values()):
        return f"is no object of the texts {', '.join(sorted({'text', *marks}))}"
    for key, words in marks.items():
        if record[key] not in words:
            return f"has a {key} that is none of {', '.join(sorted(words))}"
    return _text_fault(record["text"], max_bytes)


def _text_fault(text: str, max_bytes: int) -> str | None:
    if "\0" in text:
        return "holds a NUL"
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return "holds half a surrogate pair"
    return (
        f"has a text of {length} bytes; at most {max_bytes} are allowed"
        if length > max_bytes
        else None
    )


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError as error:
        raise MalformedLines(f"line {number} is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise MalformedLines(f"line {number} is not JSON") from error
    if not isinstance(record, dict):
        raise MalformedLines(f"line {number} is no JSON object")
    return record
