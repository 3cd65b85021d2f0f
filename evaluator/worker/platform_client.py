"""What a worker says to the platform over HTTP, and what it believes of the answers.

Two credentials are in play. The worker's key says who the worker is and goes to the platform's
own origin only. A job's report token says which attempt is meant and goes where the job says.
A signed URL carries its own authority and gets neither. Redirects are never followed.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from evaluator.blob_hash import BlobHash
from evaluator.contract import (
    ClaimedJob,
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    PredictReport,
    Presence,
    ScoreReport,
    SignedFile,
    StoredBlob,
)

ANSWER_BYTES: Final = 4 * 1024 * 1024
"""The largest answer in JSON. A claimed job names at most some thousands of files."""
CHUNK_BYTES: Final = 1024 * 1024
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
SIGN_OF_LIFE_TIMEOUT: Final = httpx.Timeout(5.0)
"""Heartbeats and presence come again, so none is worth a long wait."""

J = TypeVar("J", bound=ClaimedJob)
M = TypeVar("M", bound=BaseModel)


class PlatformError(Exception):
    """Base of what can go wrong between a worker and the platform."""


class Superseded(PlatformError):
    """The attempt is not this worker's, or not any more. Drop it; another has it."""


class Refused(PlatformError):
    """The platform says no, and will say so again. An operator has to look."""


class Unreachable(PlatformError):
    """No answer, or one that says to come back later. Try again."""


class PlatformClient:
    """One worker's connection to the platform. Threads may share it."""

    def __init__(self, url: str, key: str) -> None:
        self._origin = _origin(url)
        self._key = key
        self._http = httpx.Client(
            base_url=url,
            timeout=TIMEOUT,
            follow_redirects=False,
            # Bytes are counted as they come, so none may unfold on the way.
            headers={"User-Agent": "minigiants-worker", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def claim(self, job: type[J], evaluation: UUID, request: ClaimRequest) -> J:
        """Claim an attempt. Raises `Superseded` if it is no longer to be had."""
        answer = self._post(f"/api/v1/worker/evaluations/{evaluation}/claim", request)
        claimed = _parse(job, answer)
        if claimed.evaluation != evaluation or claimed.attempt != request.attempt:
            raise Refused("The platform answered the claim with another attempt")
        return claimed

    def present(self, presence: Presence) -> None:
        """Say that the worker is there and what it offers."""
        self._post("/api/v1/worker/presence", presence, timeout=SIGN_OF_LIFE_TIMEOUT)

    def heartbeat(self, url: str, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Renew the lease of an attempt."""
        answer = self._post(url, heartbeat, timeout=SIGN_OF_LIFE_TIMEOUT)
        return _parse(HeartbeatAnswer, answer)

    def report(self, url: str, report: PredictReport | ScoreReport) -> None:
        """Report how an attempt ended. Raises `Superseded` if nobody wants to know."""
        self._post(url, report)

    def upload(self, url: str, report_token: str, content: Path) -> StoredBlob:
        """Store a file as the attempt's result; what the platform stored is what was sent."""
        sent = BlobHash()
        with content.open("rb") as file:
            answer = self._send(
                self._request(
                    "PUT",
                    url,
                    content=_hashed(iter(lambda: file.read(CHUNK_BYTES), b""), sent),
                    headers={
                        "Authorization": f"Bearer {report_token}",
                        "Content-Length": str(content.stat().st_size),
                        "Content-Type": "application/octet-stream",
                    },
                    timeout=TIMEOUT,
                )
            )
        stored = _parse(StoredBlob, answer)
        if stored != sent.blob():
            raise Unreachable("The platform stored other bytes than were sent")
        return stored

    def download(self, file: SignedFile) -> Iterator[bytes]:
        """The bytes behind a signed URL, no more than announced and one chunk. Unverified."""
        what = f"Fetching {file.path}"  # and never the URL: a signed one is a secret
        try:
            with self._http.stream("GET", file.url) as response:
                _check(response, what)
                received = 0
                for chunk in response.iter_raw(CHUNK_BYTES):
                    yield chunk
                    received += len(chunk)
                    if received > file.size:
                        return
        except Superseded as error:  # of a signed URL, the same status says that it has expired
            raise Refused(str(error)) from error
        except httpx.InvalidURL as error:
            raise Refused(f"{what}: its URL is none") from error
        except httpx.HTTPError as error:
            raise Unreachable(f"{what}: {type(error).__name__}") from error

    def _post(self, url: str, message: BaseModel, timeout: httpx.Timeout = TIMEOUT) -> bytes:
        request = self._request(
            "POST",
            url,
            content=message.model_dump_json().encode(),
            headers={"Content-Type": "application/json"},
            timeout=timeout,
        )
        if _origin(str(request.url)) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return self._send(request)

    def _request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | Iterator[bytes],
        headers: dict[str, str],
        timeout: httpx.Timeout,
    ) -> httpx.Request:
        try:
            return self._http.build_request(
                method, url, content=content, headers=headers, timeout=timeout
            )
        except httpx.InvalidURL as error:
            raise Refused("The platform named a URL that is none") from error

    def _send(self, request: httpx.Request) -> bytes:
        what = f"{request.method} {request.url.path}"
        try:
            response = self._http.send(request, stream=True)
            try:
                _check(response, what)
                body = bytearray()
                for chunk in response.iter_raw(64 * 1024):
                    body += chunk
                    if len(body) > ANSWER_BYTES:
                        raise Refused(f"The platform's answer exceeds {ANSWER_BYTES} bytes")
                return bytes(body)
            finally:
                response.close()
        except httpx.HTTPError as error:
            raise Unreachable(f"{what}: {type(error).__name__}") from error


def _hashed(chunks: Iterable[bytes], into: BlobHash) -> Iterator[bytes]:
    for chunk in chunks:
        into.update(chunk)
        yield chunk


def _check(response: httpx.Response, what: str) -> None:
    status = response.status_code
    if status < 300:
        return
    if status in (httpx.codes.CONFLICT, httpx.codes.GONE):
        raise Superseded(f"{what}: status {status}")
    if status >= 500 or status in (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS):
        raise Unreachable(f"{what}: status {status}")
    raise Refused(f"{what}: status {status}")


def _parse(kind: type[M], body: bytes) -> M:
    try:
        return TypeAdapter(kind).validate_json(body)
    except ValidationError as error:
        fields = ", ".join(
            ".".join(map(str, problem["loc"])) for problem in error.errors(include_input=False)
        )
        raise Refused(f"The platform's answer is no {kind.__name__}: {fields}") from None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"
