"""Tables and documents that hosts take away."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse, JsonResponse

MAX_ROWS: Final = 100_000


def csv_download(
    name: str, *, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]
) -> HttpResponse:
    """A file of comma-separated values called `name`, with a header."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return response


def json_download(name: str, content: Mapping[str, Any]) -> HttpResponse:
    """A JSON document called `name`."""
    response = JsonResponse(content)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def text_download(name: str, content: str) -> HttpResponse:
    """A plain text called `name`."""
    response = HttpResponse(content, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _cell(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: team names are anybody's words."""
    is_formula = isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{value}" if is_formula else value
