"""Cursor pagination: pages that stay right while rows are added."""

from typing import Annotated, Final, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from ninja.params.functions import Query

from minigiants.core.cursors import cursor_decode, cursor_encode
from minigiants.core.models import Entity

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
CURSOR_CHARACTERS: Final = 512

CursorParam = Annotated[
    str | None,
    Query(max_length=CURSOR_CHARACTERS, description="`next_cursor` of the page before"),
]
LimitParam = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page")]

E = TypeVar("E", bound=Entity)
M = TypeVar("M", bound=Model)


def newest_first(
    rows: QuerySet[E], *, cursor: str | None, limit: int
) -> tuple[list[E], str | None]:
    """A page of `rows`, the newest first, and the cursor of the next page (None: the last).

    Identities are ordered by time, so the primary key is the cursor. Raises InvalidInput.
    """
    kind = rows.model._meta.label_lower  # noqa: SLF001  (Django's documented interface)
    if cursor:
        (last,) = cursor_decode(cursor, of=kind)
        rows = rows.filter(pk__lt=UUID(last))
    page = list(rows.order_by("-pk")[: limit + 1])
    if len(page) <= limit:
        return page, None
    return page[:limit], cursor_encode([str(page[limit - 1].pk)], of=kind)


def in_order(
    rows: QuerySet[M], *, by: str, cursor: str | None, limit: int
) -> tuple[list[M], str | None]:
    """A page of `rows` in the order of the unique column `by`, and the next page's cursor.

    Raises InvalidInput.
    """
    kind = f"{rows.model._meta.label_lower}.{by}"  # noqa: SLF001
    if cursor:
        (last,) = cursor_decode(cursor, of=kind)
        rows = rows.filter(**{f"{by}__gt": last})
    page = list(rows.order_by(by)[: limit + 1])
    if len(page) <= limit:
        return page, None
    return page[:limit], cursor_encode([getattr(page[limit - 1], by)], of=kind)
