"""HTTP to one server: problems as errors, and repeating what is safe to repeat."""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from client.errors import ApiProblem, Unreachable
from client.object_store import store_problem

RETRIED_STATUSES: Final = frozenset({502, 503, 504})
RETRIED_CODES: Final = frozenset(
    {"rate_limited", "idempotency_in_flight", "part_in_flight", "too_many_uploads"}
)
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 8.0
LONGEST_RETRY_AFTER_SECONDS: Final = 120.0
CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 60.0
CHUNK_BYTES: Final = 1024 * 1024
LONGEST_PUT_SECONDS: Final = 600.0
"""A pack is checked while its sender waits."""


class Transport:
    """A connection pool to `base_url` that speaks with `token`. Safe to share between threads.

    Every request is repeated on lost connections, on 502, 503 and 504 and on the rate limit, up to
    `attempts` times with growing, jittered pauses, or as long as Retry-After says. POSTs carry
    an Idempotency-Key, so that repeating one does its work once.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None,
        *,
        attempts: int = 6,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            agent = f"minigiants/{version('minigiants')}"
        except PackageNotFoundError:  # run from a checkout
            agent = "minigiants"
        headers = {"User-Agent": agent, "Accept": "application/json"}
        self.base_url = base_url.rstrip("/")
        # The token belongs to this server only. Redirects are not followed: none is expected,
        # and one could lead a body elsewhere.
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=f"{self.base_url}/api/v1",
            headers=headers,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        )
        self._attempts = attempts
        self._sleep = sleep

    def close(self) -> None:
        """Close the pool."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON answer to a GET. Parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        wait = float(given.get("wait", 0))
        return self._send("GET", path, params=given, timeout=READ_SECONDS + wait).json()

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON answer to a POST."""
        key = {"Idempotency-Key": str(uuid4())}
        return self._send("POST", path, json=body, headers=key).json()

    def delete(self, path: str) -> Any:
        """The JSON answer to a DELETE."""
        return self._send("DELETE", path).json()

    def put_bytes(
        self,
        path: str,
        read: Callable[[], Iterable[bytes]],
        length: int,
        headers: Mapping[str, str],
    ) -> None:
        """A PUT of the `length` bytes that `read` gives, as often as they have to be sent.

        It carries its own authorisation in `headers`. `path` may be the whole URL of an object
        store.
        """
        sized = {**headers, "Content-Length": str(length)}
        self._send("PUT", path, read=read, headers=sized, with_token=False)

    def put_file(self, path: str, file: Path, media_type: str) -> Any:
        """The JSON answer to a PUT of a whole file, which is idempotent by itself."""
        return self._send(
            "PUT",
            path,
            read=lambda: _chunks(file),
            headers={"Content-Type": media_type, "Content-Length": str(file.stat().st_size)},
            timeout=LONGEST_PUT_SECONDS,
        ).json()

    def get_text(self, path: str) -> str:
        """The answer to a GET as text."""
        return self._send("GET", path).text

    def download(self, path: str, write: Callable[[bytes], None]) -> None:
        """Hand the bytes at `path` to `write`.

        Raises Unreachable when they break off; then the caller starts over.
        """
        response = self._send("GET", path, stream=True)
        try:
            for chunk in response.iter_bytes():
                write(chunk)
        except httpx.TransportError as error:
            raise Unreachable(self.base_url, _reason(error)) from error
        finally:
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        with_token: bool = True,
        stream: bool = False,
        read: Callable[[], Iterable[bytes]] | None = None,
        **options: Any,
    ) -> httpx.Response:
        sent = {**(self._authorization if with_token else {}), **(headers or {})}
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                content = None if read is None else read()
                request = self._http.build_request(
                    method, path, headers=sent, content=content, **options
                )
                response = self._http.send(request, stream=stream)
                if stream and not response.is_success:
                    response.read()
            except httpx.TransportError as error:
                if last:
                    raise Unreachable(self.base_url, _reason(error)) from error
                self._sleep(_pause(attempt))
                continue
            if response.is_success:
                return response
            problem = _problem(response, self.base_url)
            asked = _retry_after(response)
            repeatable = problem.status in RETRIED_STATUSES or problem.code in RETRIED_CODES
            if last or not repeatable or (asked or 0) > LONGEST_RETRY_AFTER_SECONDS:
                raise problem
            self._sleep(asked if asked is not None else _pause(attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _pause(attempt: int) -> float:
    """Seconds before the next attempt: doubling, with jitter so that clients fall out of step."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))
    return longest * (0.5 + random.random() / 2)  # noqa: S311


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the server asks to wait; the header holds seconds or a date (RFC 9110)."""
    value: str = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _problem(response: httpx.Response, server: str) -> ApiProblem:
    told = store_problem(response)
    if told is not None:
        return told
    try:
        document = response.json()
    except ValueError:
        document = {}
    return ApiProblem(
        response.status_code, document if isinstance(document, dict) else {}, server=server
    )


def _reason(error: httpx.TransportError) -> str:
    return str(error) or type(error).__name__
