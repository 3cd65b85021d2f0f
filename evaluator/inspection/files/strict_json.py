"""Parses JSON from artifacts, and refuses what two readers may read differently, or not survive.

After RFC 8259: no NaN or Infinity, and no key twice in one object. How deep it nests and how many
values it holds is measured before anything is built in memory.
"""

import json
import re
from collections import Counter
from functools import partial
from typing import Any, NoReturn

from evaluator.inspection import limits
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

# Of a text without escapes. It always matches, and in one way only, so it takes linear time.
_STRINGS = re.compile(rb'"[^"]*"?')
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_OPENING = b"[{"


class JsonFault(Exception):
    """What is wrong with a text, as the end of a sentence that begins with the file's name."""


class DuplicateKey(JsonFault):
    """An object has a key twice."""


class TooComplex(JsonFault):
    """It nests too deep, or holds too many values."""


def parse_json(text: bytes) -> Any:
    """The value that `text` is the JSON of. Raises `JsonFault`."""
    _check_complexity(text)
    try:
        return json.loads(
            text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise JsonFault("is not JSON") from error


def read_json_object(reader: ExactReader, max_bytes: int) -> dict[str, Any]:
    """The JSON object that a file of at most `max_bytes` is. Raises `Refused`."""
    path = reader.path
    refused = partial(_refused, path)
    if reader.size > max_bytes:
        raise refused(
            RefusalCode.TEXT_TOO_LARGE, f"has {reader.size} bytes; {max_bytes} are allowed"
        )
    try:
        parsed = parse_json(reader.read(0, reader.size))
    except DuplicateKey as fault:
        raise refused(RefusalCode.JSON_DUPLICATE_KEY, str(fault)) from fault
    except TooComplex as fault:
        raise refused(RefusalCode.JSON_TOO_COMPLEX, str(fault)) from fault
    except JsonFault as fault:
        raise refused(RefusalCode.JSON_MALFORMED, str(fault)) from fault
    if not isinstance(parsed, dict):
        raise refused(RefusalCode.JSON_MALFORMED, "is not a JSON object")
    return parsed


def _refused(path: str, code: RefusalCode, what: str) -> Refused:
    return Refused(code, path, f"{shown(path)} {what}.")


def _check_complexity(text: bytes) -> None:
    """Measures brackets and commas outside of strings; every value but the first has one."""
    unescaped = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = _STRINGS.sub(b"", unescaped)
    values = sum(structure.count(mark) for mark in (b",", b"[", b"{"))
    if values > limits.JSON_MAX_VALUES:
        raise TooComplex(f"holds more than {limits.JSON_MAX_VALUES} values")
    depth = 0
    for bracket in structure.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        if depth > limits.JSON_MAX_DEPTH:
            raise TooComplex(f"nests more than {limits.JSON_MAX_DEPTH} levels deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        times = Counter(name for name, _ in pairs)
        twice = next(name for name, count in times.items() if count > 1)
        raise DuplicateKey(f"has the key “{shown(twice)}” twice")
    return made


def _no_constant(_: str) -> NoReturn:
    raise JsonFault("has a number that JSON does not know")
