"""Cursors are opaque, and only we can make them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigiants.core.cursors import cursor_decode, cursor_encode
from minigiants.core.problems import InvalidInput

STATES = st.lists(st.integers() | st.text(max_size=20) | st.floats(allow_nan=False), max_size=4)


@given(state=STATES)
def test_a_cursor_gives_back_its_state(state: list[object]) -> None:
    assert cursor_decode(cursor_encode(state, of="list"), of="list") == state


@given(text=st.text(max_size=80))
def test_what_we_did_not_make_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        cursor_decode(text, of="list")


@given(position=st.integers(0, 60))
def test_a_changed_cursor_is_refused(position: int) -> None:
    cursor = cursor_encode([7, "x"], of="list")
    position %= len(cursor)
    changed = "A" if cursor[position] != "A" else "B"
    with pytest.raises(InvalidInput):
        cursor_decode(cursor[:position] + changed + cursor[position + 1 :], of="list")


def test_a_cursor_is_of_one_kind_of_list() -> None:
    with pytest.raises(InvalidInput):
        cursor_decode(cursor_encode([1], of="one"), of="other")
