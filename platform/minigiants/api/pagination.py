"""Cursor pagination: pages that stay right while rows are added."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final, TypeVar
from uuid import UUID

from django.db.models import QuerySet

from minigiants.core.models import Entity
from minigiants.core.problems import InvalidInput

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200

E = TypeVar("E", bound=Entity)


def _encode(key: UUID) -> str:
    return urlsafe_b64encode(key.bytes).decode().rstrip("=")


def _decode(cursor: str) -> UUID:
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=="))
    except (Base64Error, ValueError):
        raise InvalidInput(
            f"{cursor[:40]!r} is no cursor of this list.",
            mend="Send `next_cursor` of the page before, unchanged, or none for the first page.",
        ) from None


def newest_first(
    rows: QuerySet[E], *, cursor: str | None, limit: int
) -> tuple[list[E], str | None]:
    """A page of `rows`, the newest first, and the cursor of the next page (None: the last).

    Identities are ordered by time, so the primary key is the cursor. Raises InvalidInput.
    """
    if cursor:
        rows = rows.filter(pk__lt=_decode(cursor))
    page = list(rows.order_by("-pk")[: limit + 1])
    if len(page) <= limit:
        return page, None
    return page[:limit], _encode(page[limit - 1].pk)
