"""Sending one message to a webhook's address, which a stranger has chosen.

The name is resolved once, every address that it has is judged, and the connection goes to exactly
one that was: a name server that answers otherwise a second time is never asked again. Redirects are
not followed, nothing of the answer's body is read, and one deadline bounds the whole attempt,
however slowly the other side speaks.
"""

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

import httpcore

from minigiants.notifications.addresses import may_send

ATTEMPT_SECONDS: Final = 10.0
RESOLVE_SECONDS: Final = 5.0


class Fault(StrEnum):
    """Why an attempt failed."""

    REFUSED_ADDRESS = "refused_address"
    UNKNOWN_NAME = "unknown_name"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TIMED_OUT = "timed_out"
    PROTOCOL = "protocol"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    SECRET_LOST = "secret_lost"  # noqa: S105  (the installation's key has changed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. `fault` is None for an answer of 2xx; times are in seconds."""

    seconds: float
    status: int | None = None
    fault: Fault | None = None
    retry_after: int | None = None


class AddressRefused(Exception):
    """The name leads to an address to which nothing may be sent."""


class NameUnknown(Exception):
    """The name leads nowhere."""


@cache
def _resolvers() -> Executor:
    # The system's resolver takes no timeout; what it keeps waiting is left behind in a thread.
    return ThreadPoolExecutor(16, thread_name_prefix="webhook-names")


def resolve(host: str, port: int) -> list[str]:
    """The addresses of `host`, in the system's order of preference.

    Raises NameUnknown, httpcore.ConnectTimeout.
    """
    asked = _resolvers().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = asked.result(RESOLVE_SECONDS)
    except FutureTimeout:
        raise httpcore.ConnectTimeout("The name servers did not answer.") from None
    except (OSError, UnicodeError) as error:
        raise NameUnknown(str(error)) from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends at one deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("The attempt's time is over.")
        return left if timeout is None else min(left, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _GuardedNetwork(httpcore.NetworkBackend):
    """Connects to judged addresses only, and to the one that was judged."""

    def __init__(self, deadline: float, *, encrypted: bool) -> None:
        self._deadline = deadline
        self._encrypted = encrypted
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = resolve(host, port)
        if not all(may_send(host=a, port=port, encrypted=self._encrypted) for a in addresses):
            # One that is refused among others: somebody tries which one we take.
            raise AddressRefused(host)
        failed: Exception = NameUnknown(host)
        for address in addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise httpcore.ConnectTimeout("The attempt's time is over.")
            try:
                stream = self._network.connect_tcp(address, port, left, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failed

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        raise AddressRefused(path)


def send(*, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
    """POST `body` to `url`, at most `ATTEMPT_SECONDS` long. Never raises for what others do."""
    began = time.monotonic()
    try:
        status, retry_after = _post(url, headers, body, began + ATTEMPT_SECONDS)
    except AddressRefused:
        fault = Fault.REFUSED_ADDRESS
    except NameUnknown:
        fault = Fault.UNKNOWN_NAME
    except httpcore.TimeoutException:
        fault = Fault.TIMED_OUT
    except httpcore.ConnectError as error:
        fault = Fault.TLS if isinstance(error.__cause__, ssl.SSLError) else Fault.UNREACHABLE
    except httpcore.NetworkError:
        fault = Fault.UNREACHABLE
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol):
        fault = Fault.PROTOCOL
    else:
        seconds = time.monotonic() - began
        if 200 <= status < 300:
            return Outcome(seconds, status)
        reason = Fault.REDIRECTED if 300 <= status < 400 else Fault.REFUSED
        return Outcome(seconds, status, reason, retry_after)
    return Outcome(time.monotonic() - began, fault=fault)


def _post(
    url: str, headers: Mapping[str, str], body: bytes, deadline: float
) -> tuple[int, int | None]:
    target = httpcore.URL(url)
    network = _GuardedNetwork(deadline, encrypted=target.scheme == b"https")
    with (
        httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=network, retries=0
        ) as pool,
        # The status and the headers are all that is wanted, so nothing more is read.
        pool.stream("POST", target, headers=list(headers.items()), content=body) as response,
    ):
        return response.status, _retry_after(response.headers)


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """The seconds of Retry-After, if that is a number of them."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) <= 9:
            return int(value)
    return None
