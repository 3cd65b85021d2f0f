"""The raw ASGI route that receives parts of uploads, past Django's request handler.

Django's handler spools a body before a view sees it; here each piece is hashed and written as it
arrives, so memory stays constant and nothing is read twice. The route is authorised by the
upload's own token in `X-Upload-Token`, like a presigned URL: no cookie is looked at.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from evaluator.contract import PART_BYTES
from minigiants.artifacts.parts import PartWriter
from minigiants.artifacts.problems import PartLength
from minigiants.artifacts.tokens import opens_upload
from minigiants.core.problems import InvalidInput, NotAuthenticated, Problem
from minigiants.core.threads import in_thread

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Any], Awaitable[None]]

PART_PATH = re.compile(
    r"^/api/v1/uploads/(?P<upload>[0-9a-f-]{36})/files/(?P<position>\d{1,6})/parts/(?P<number>\d{1,6})$"
)
SHA256 = re.compile(r"^[0-9a-f]{64}$")
FLUSH_BYTES = 1024 * 1024


class ClientGone(Exception):
    """The connection was cut in the middle of a part."""


class Body:
    """The body of a request, piece by piece."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._more = True

    async def pieces(self) -> AsyncIterator[bytes]:
        """The pieces that are still to come. Raises ClientGone."""
        while self._more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._more = message.get("more_body", False)
            yield message.get("body", b"")

    async def discard(self) -> None:
        """Read off at most one part's length that nobody wants.

        A client that is still sending would see a reset connection instead of the answer.
        """
        read = 0
        async for piece in self.pieces():
            read += len(piece)
            if read > PART_BYTES:
                return


class PartRoute:
    """Answers `PUT …/parts/{n}` itself and hands everything else to `application`."""

    def __init__(self, application: Callable[[Any, Receive, Send], Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT":
            match = PART_PATH.match(scope["path"])
            if match is not None:
                with suppress(ClientGone):
                    await _answer(scope, Body(receive), send, match)
                return
        await self.application(scope, receive, send)


async def _answer(scope: Scope, body: Body, send: Send, match: re.Match[str]) -> None:
    try:
        await _receive_part(scope, body, match)
    except Problem as problem:
        await body.discard()
        await _send_problem(send, problem)
    else:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def _receive_part(scope: Scope, body: Body, match: re.Match[str]) -> None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    try:
        upload_id = UUID(match["upload"])
    except ValueError:
        raise InvalidInput("The upload's id is not a UUID.") from None
    if not opens_upload(headers.get("x-upload-token", ""), upload_id):
        raise NotAuthenticated(
            "X-Upload-Token is missing, expired or of another upload.",
            mend="Send the `upload_token` that creating (or reading) the upload returned.",
        )
    sha256 = headers.get("x-part-sha256", "").lower()
    if not SHA256.match(sha256):
        raise InvalidInput(
            "X-Part-SHA256 must be the part's SHA-256 as 64 hexadecimal digits.",
            mend="Compute it over this part's bytes and send it as a header.",
        )
    writer = await in_thread(
        lambda: PartWriter(
            session_id=upload_id,
            position=int(match["position"]),
            number=int(match["number"]),
            sha256=sha256,
        ),
        of_request=False,
    )
    with writer:
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) > writer.length:
            raise PartLength(f"The part is {writer.length} bytes; {announced} were announced.")
        if writer.already_received:
            await body.discard()
            return
        pending: list[bytes] = []
        size = 0
        async for piece in body.pieces():
            pending.append(piece)
            size += len(piece)
            if size >= FLUSH_BYTES:
                await asyncio.to_thread(writer.write, pending)
                pending, size = [], 0
        await asyncio.to_thread(writer.write, pending)
        await in_thread(writer.finish, of_request=False)


async def _send_problem(send: Send, problem: Problem) -> None:
    body = json.dumps(problem.as_dict()).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        # The rest of an overlong body is not read, so the connection can't be used again.
        (b"connection", b"close"),
    ]
    if problem.status == 401:
        headers.append((b"www-authenticate", b"Upload"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
