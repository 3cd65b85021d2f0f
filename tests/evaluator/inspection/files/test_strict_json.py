"""JSON as two readers read it alike: what is accepted, the standard library reads the same."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.inspection import limits
from evaluator.inspection.files.strict_json import (
    DuplicateKey,
    JsonFault,
    TooComplex,
    parse_json,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)  # fmt: skip


@settings(deadline=None)
@given(VALUES, st.booleans())
def test_reads_what_the_standard_library_writes(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text.encode("utf-8", "surrogatepass")) == value


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        value = parse_json(text)
    except JsonFault:
        return
    assert value == json.loads(text)


@pytest.mark.parametrize("text", [b'{"a":1,"a":2}', b'[{"b":{"a":1,"\\u0061":2}}]'])
def test_a_key_occurs_once(text: bytes) -> None:
    with pytest.raises(DuplicateKey):
        parse_json(text)


@pytest.mark.parametrize("text", [b"NaN", b"[-Infinity]", b"{'a':1}", b"", b"[1,]", b'"\xff"'])
def test_what_json_does_not_have(text: bytes) -> None:
    with pytest.raises(JsonFault):
        parse_json(text)


def test_brackets_in_strings_are_no_structure() -> None:
    deep = "[{" * 100
    for value in (deep, f'"{deep}', f"\\{deep}", f'\\"{deep}\\', f'{deep}"\\\\'):
        assert parse_json(json.dumps({value: [value, 1]}).encode()) == {value: [value, 1]}


@pytest.mark.parametrize("text", [b'"' + b'\\"' * 4_000_000, b'"' * 4_000_000, b"\\" * 4_000_000])
def test_millions_of_quotes_are_read_once(text: bytes) -> None:
    """A search that starts again at each of them would take hours."""
    with pytest.raises(JsonFault):
        parse_json(text)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_depth_is_limited_before_anything_is_built(opening: bytes) -> None:
    with pytest.raises(TooComplex):
        parse_json(opening * 1_000_000)
    assert parse_json(b"[" * limits.JSON_MAX_DEPTH + b"]" * limits.JSON_MAX_DEPTH)


def test_the_number_of_values_is_limited() -> None:
    fits = b"[" + b"0," * (limits.JSON_MAX_VALUES - 2) + b"0]"
    assert len(parse_json(fits)) == limits.JSON_MAX_VALUES - 1
    with pytest.raises(TooComplex):
        parse_json(b"[" + b"[]," * limits.JSON_MAX_VALUES + b"[]]")


def test_an_unclosed_string_hides_nothing() -> None:
    """What looks like a string to the one who counts and not to the one who parses is refused."""
    with pytest.raises(JsonFault):
        parse_json(b'{"a": "\n' + b"[" * 100)
