"""Files of texts: what is written is read, and nothing hostile gets through or costs much."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.tasks.text_lines import MalformedLines, read_lines, read_texts

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


def write(folder: Path, content: bytes) -> Path:
    file = folder / "texts.jsonl"
    file.write_bytes(content)
    return file


@settings(deadline=None)
@given(texts=st.lists(TEXT, max_size=8), ascii_only=st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], ascii_only: bool
) -> None:
    lines = [json.dumps({"text": text}, ensure_ascii=ascii_only) for text in texts]
    file = write(tmp_path_factory.mktemp("texts"), "\n".join(lines).encode())
    assert read_texts(file, 200, len(texts)).tolist() == texts


@settings(deadline=None)
@given(content=st.binary(max_size=100))
def test_any_bytes_end_in_texts_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = write(tmp_path_factory.mktemp("texts"), content)
    with suppress(MalformedLines):
        assert all(isinstance(record["text"], str) for record in read_lines(file, 10))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"text": "a"}\n\n', "line 2 is not JSON"),
        (b'{"text": "a"', "line 1 is not JSON"),
        (b'["a"]', "line 1 is no JSON object"),
        (b'{"text": 1}', "line 1 is no object of the texts text"),
        (b'{"text": "a", "more": "b"}', "no object of the texts"),
        (b'{"other": "a"}', "no object of the texts"),
        (b'{"text": "\xff"}', "line 1 is not UTF-8"),
        (b'{"text": "\xed\xa0\x80"}', "line 1 is not UTF-8"),
        (b'{"text": "\\ud800"}', "half a surrogate pair"),
        (b'{"text": "a\\u0000b"}', "holds a NUL"),
        (b'{"text": "' + b"x" * 21 + b'"}', "text of 21 bytes; at most 20"),
        (b'{"text": "' + "猫".encode() * 7 + b'"}', "text of 21 bytes; at most 20"),
        (b'{"text": "a", ' + b" " * 10_000 + b"}", "line 1 is longer than"),
        (b"[" * 300, "line 1 is not JSON"),
        (b'{"text": NaN}', "no object of the texts"),
    ],
    ids=[
        "empty line",
        "cut off",
        "a list",
        "a number",
        "another key",
        "no text",
        "no UTF-8",
        "an encoded surrogate",
        "an escaped surrogate",
        "NUL",
        "too long",
        "too long in bytes",
        "a long line",
        "nested",
        "NaN",
    ],
)
def test_hostile_lines_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    file = write(tmp_path, content)
    with pytest.raises(MalformedLines) as caught:
        list(read_lines(file, 20))
    assert says in str(caught.value)


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    file = write(tmp_path, b"[" * 300_000)
    with pytest.raises(MalformedLines):
        list(read_lines(file, 65_536))


@pytest.mark.parametrize("count", [1, 3])
def test_the_count_is_held(tmp_path: Path, count: int) -> None:
    file = write(tmp_path, b'{"text": "a"}\n{"text": "b"}\n')
    with pytest.raises(MalformedLines, match="texts"):
        read_texts(file, 20, count)
