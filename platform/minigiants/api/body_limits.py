"""How large the body of a request may be: decided before any of it is kept.

Django's handler spools a body to disk, however long it is, before a view sees it, and believes the
length that is announced. Here bytes are counted as they come. A worker's result and a host's pack
may be large, so their tokens are checked first.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from minigiants.accounts.models import Scope as TokenScope
from minigiants.accounts.services import token_authenticate
from minigiants.api.answers import problem_response
from minigiants.api.problems import RequestTooLarge
from minigiants.competitions.pack_archive import MAX_ARCHIVE_BYTES
from minigiants.core.problems import NotAuthenticated, Problem
from minigiants.core.threads import in_thread
from minigiants.submissions.blobs import result_bytes_allowed

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]

PREFIX: Final = "/api/"
RESULT_PATH: Final = re.compile(
    r"^/api/v1/worker/evaluations/(?P<evaluation>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})/blob$"
)
PACK_PATH: Final = re.compile(r"^/api/v1/host/competitions/[a-z0-9-]+/(check|pack)$")


class BodyLimits:
    """Lets requests below /api/ pass to `application` with as much body as they may have."""

    def __init__(self, application: Callable[[Any, Receive, Send], Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.application(scope, receive, send)
            return
        try:
            most = await _most(scope)
            announced = _header(scope, b"content-length")
            if announced.isdigit() and int(announced) > most:
                raise _too_large(most)
        except Problem as problem:
            await _answer(send, problem)
            return
        body = _CountedBody(receive, most)
        await self.application(scope, body.receive, body.guarded(send))
        if body.is_over and not body.is_answered:
            await _answer(send, _too_large(most))


class _CountedBody:
    """A request's body, cut off where it grows too large: the application sees the client go."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most
        self.is_over = False
        self.is_answered = False

    async def receive(self) -> Message:
        """The next message of the server."""
        if self.is_over:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.is_over = True
                return {"type": "http.disconnect"}
        return message

    def guarded(self, send: Send) -> Send:
        """`send`, which notes that an answer has begun."""

        async def sending(message: Message) -> None:
            self.is_answered = True
            await send(message)

        return sending


async def _most(scope: Scope) -> int:
    """How many bytes the body may have. Raises NotAuthenticated, AttemptOver."""
    if scope["method"] == "PUT" and PACK_PATH.match(scope["path"]):
        return await in_thread(
            lambda: _pack_bytes(_header(scope, b"authorization")), of_request=False
        )
    match = RESULT_PATH.match(scope["path"])
    if match is None or scope["method"] != "PUT":
        return int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    kind, _, token = _header(scope, b"authorization").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise NotAuthenticated("This needs the report token of a running attempt.")
    evaluation_id = UUID(match["evaluation"])
    return await in_thread(
        lambda: result_bytes_allowed(evaluation_id=evaluation_id, token=token.strip()),
        of_request=False,
    )


def _pack_bytes(authorization: str) -> int:
    """What a pack's archive may have: with a host's token much, else what any body may."""
    kind, _, secret = authorization.partition(" ")
    usual = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if kind.lower() != "bearer":
        return usual
    try:
        token = token_authenticate(secret=secret.strip())
    except NotAuthenticated:
        return usual  # the operation says what is wrong with it
    return MAX_ARCHIVE_BYTES if TokenScope.HOST in token.scopes else usual


def _header(scope: Scope, name: bytes) -> str:
    for found, value in scope["headers"]:
        if found == name:
            return str(value.decode("latin-1"))
    return ""


def _too_large(most: int) -> RequestTooLarge:
    return RequestTooLarge(f"The body is larger than {most:,} bytes.")


async def _answer(send: Send, problem: Problem) -> None:
    response = problem_response(problem)
    # What is left of the body is not read, so the connection can't be used again.
    response["Connection"] = "close"
    response["Content-Length"] = str(len(response.content))
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    start = {"type": "http.response.start", "status": response.status_code, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": response.content})
