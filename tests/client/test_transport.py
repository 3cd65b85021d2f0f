"""What is repeated, how often, and after which pause."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from client.errors import EXIT_QUOTA, ApiProblem, Unreachable
from client.transport import Transport

Answer = tuple[int, dict[str, str], bytes]


class ScriptedServer(ThreadingHTTPServer):
    """Gives the answers of a script, one after the other, and keeps what it was asked."""

    answers: list[Answer]
    keys: list[str | None]
    tokens: list[str | None]


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.keys.append(self.headers.get("Idempotency-Key"))
        self.server.tokens.append(self.headers.get("Authorization"))
        status, headers, body = self.server.answers.pop(0)
        if status == 0:  # hang up
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server without a script yet."""
    with ScriptedServer(("127.0.0.1", 0), _Handler) as server:
        server.answers, server.keys, server.tokens = [], [], []
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that were slept."""
    return []


@pytest.fixture
def transport(server: ScriptedServer, pauses: list[float]) -> Iterator[Transport]:
    """A transport that does not really sleep."""
    url = f"http://127.0.0.1:{server.server_address[1]}"
    transport = Transport(url, "mg_secret", attempts=4, sleep=pauses.append)
    yield transport
    transport.close()


def _problem(status: int, code: str, **headers: str) -> Answer:
    body = json.dumps({"code": code, "title": "No", "detail": "not so", "mend": "do so"}).encode()
    return status, {"Content-Type": "application/problem+json", **headers}, body


OK: Answer = (200, {}, b'{"ok": true}')
GONE: Answer = (0, {}, b"")


@pytest.mark.parametrize("failure", [GONE, (502, {}, b"<html>"), (503, {}, b""), (504, {}, b"")])
def test_faults_of_the_way_are_survived(
    server: ScriptedServer, transport: Transport, pauses: list[float], failure: Answer
) -> None:
    server.answers = [failure, failure, OK]
    assert transport.get("/x") == {"ok": True}
    assert len(pauses) == 2
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0


def test_a_post_is_repeated_under_one_key(server: ScriptedServer, transport: Transport) -> None:
    server.answers = [GONE, _problem(409, "idempotency_in_flight", **{"Retry-After": "1"}), OK, OK]
    transport.post("/x", {"a": 1})
    first = server.keys[0]
    assert first
    assert server.keys == [first] * 3
    transport.post("/x", {"a": 1})
    assert server.keys[3] != first


def test_retry_after_is_kept_to(
    server: ScriptedServer, transport: Transport, pauses: list[float]
) -> None:
    server.answers = [
        _problem(429, "rate_limited", **{"Retry-After": "17"}),
        _problem(429, "rate_limited", **{"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}),
        OK,
    ]
    assert transport.get("/x") == {"ok": True}
    assert pauses == [17.0, 0.0]


def test_nobody_waits_for_hours(
    server: ScriptedServer, transport: Transport, pauses: list[float]
) -> None:
    server.answers = [_problem(429, "rate_limited", **{"Retry-After": "7200"})]
    with pytest.raises(ApiProblem):
        transport.get("/x")
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "not_found"), (409, "conflict"), (422, "invalid_input"), (500, "internal_error")],
)
def test_what_repeating_can_t_mend_is_told_at_once(
    server: ScriptedServer, transport: Transport, pauses: list[float], status: int, code: str
) -> None:
    server.answers = [_problem(status, code)]
    with pytest.raises(ApiProblem) as refused:
        transport.get("/x")
    assert (refused.value.code, refused.value.status) == (code, status)
    assert (refused.value.what, refused.value.mend) == ("No: not so", "do so")
    assert pauses == []


@pytest.mark.parametrize("code", ["quota_exhausted", "too_many_failures", "too_many_running"])
def test_a_spent_quota_is_not_waited_for(
    server: ScriptedServer, transport: Transport, code: str
) -> None:
    server.answers = [_problem(429, code, **{"Retry-After": "3"})]
    with pytest.raises(ApiProblem) as refused:
        transport.post("/x")
    assert refused.value.exit_code == EXIT_QUOTA


def test_it_gives_up_in_the_end(
    server: ScriptedServer, transport: Transport, pauses: list[float]
) -> None:
    server.answers = [GONE] * 4
    with pytest.raises(Unreachable):
        transport.get("/x")
    assert len(pauses) == 3
    server.answers = [(503, {}, b"")] * 4
    with pytest.raises(ApiProblem) as refused:
        transport.get("/x")
    assert refused.value.code == "http_503"


def test_the_token_goes_to_the_api_alone(server: ScriptedServer, transport: Transport) -> None:
    server.answers = [OK, OK]
    transport.get("/x")
    transport.put_bytes("/y", lambda: [b"abc"], 3, {"X-Upload-Token": "t"})
    assert server.tokens == ["Bearer mg_secret", None]


def test_a_redirect_is_not_followed(
    server: ScriptedServer, transport: Transport, pauses: Callable[..., None]
) -> None:
    server.answers = [(302, {"Location": "http://192.0.2.1/"}, b"")]
    with pytest.raises(ApiProblem) as refused:
        transport.get("/x")
    assert refused.value.code == "http_302"
