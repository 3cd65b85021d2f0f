"""Cursors: where a page of a list ended, in a form that only we can make."""

from typing import Any

from django.core import signing

from minigiants.core.problems import InvalidInput


def cursor_encode(state: list[Any], *, of: str) -> str:
    """A cursor that holds `state`, which is JSON, of the kind of list called `of`."""
    return signing.dumps(state, salt=f"minigiants.cursor.{of}")


def cursor_decode(cursor: str, *, of: str) -> list[Any]:
    """The state in a cursor. Raises InvalidInput for one that is of no such list."""
    try:
        state: list[Any] = signing.loads(cursor, salt=f"minigiants.cursor.{of}")
    except signing.BadSignature:
        raise InvalidInput(
            f"{cursor[:40]!r} is no cursor of this list.",
            mend="Send `next_cursor` of the page before, unchanged, or none for the first page.",
        ) from None
    return state
