"""Answers that are tables: as JSON or as CSV, with an ETag, and cached by nobody who must not.

Shared caches may keep what everybody sees, and have to ask again each time (`no-cache`): what is
hidden, or hidden again, is never served from one. What depends on who asks is kept by the asker
alone.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from django.http import HttpResponse
from pydantic import BaseModel

from minigiants.api.authentication import ApiRequest

TableFormat = Literal["json", "csv"]

CSV_RESPONSE: Final = {
    "responses": {
        200: {
            "description": "OK",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    }
}
"""What an operation's `openapi_extra` says of its other form."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def table_answer(
    request: ApiRequest,
    body: BaseModel,
    rows: Sequence[Mapping[str, Any]],
    *,
    columns: Sequence[str],
    table_format: TableFormat,
    is_open: bool,
) -> HttpResponse:
    """`body` as JSON or `rows` as CSV. `is_open` says that everybody gets this very answer."""
    if table_format == "csv":
        content, kind = _csv(rows, columns), "text/csv; charset=utf-8"
    else:
        content, kind = body.model_dump_json().encode(), "application/json; charset=utf-8"
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = [tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")]
    response = (
        HttpResponse(status=304) if etag in known else HttpResponse(content, content_type=kind)
    )
    personal = request.auth.person is not None
    response["ETag"] = etag
    response["Cache-Control"] = (
        "public, no-cache" if is_open and not personal else "private, no-cache"
    )
    response["Vary"] = "Authorization, Cookie"
    return response


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in columns})
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
