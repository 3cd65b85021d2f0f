"""Reading JSON bodies: strictly, so that what a program sends means one thing."""

import json
from typing import Any, NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from minigiants.api.problems import MalformedRequest, UnsupportedMediaType

JSON = "application/json"


class StrictJson(Parser):
    """Takes application/json alone; no NaN, no member twice, no NUL in a text."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        """The body. Raises UnsupportedMediaType, MalformedRequest, ValueError, RecursionError."""
        if request.content_type != JSON:
            raise UnsupportedMediaType(f"{(request.content_type or 'nothing')[:80]} was sent.")
        body: dict[str, Any] = json.loads(
            request.body, parse_constant=_refuse_constant, object_pairs_hook=_object
        )
        _refuse_nul(body)
        return body


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedRequest(f"{name} is no JSON.")


def _refuse_nul(body: Any) -> None:
    # PostgreSQL's texts can't hold it, so nothing that we keep may have it.
    waiting = [body]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str) and "\0" in found:
            raise MalformedRequest("A text holds the character NUL.")
        if isinstance(found, dict):
            waiting += [*found, *found.values()]
        elif isinstance(found, list):
            waiting += found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedRequest("An object has a member twice.")
    return made
