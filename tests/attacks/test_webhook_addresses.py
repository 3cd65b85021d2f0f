"""Webhooks as a way into networks that are not theirs: by address, name, redirect and patience.

Each control is the same message with that one defence away: the operator has opened the network,
or a plain HTTP client takes the bait.
"""

import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpcore
import httpx
import pytest
from pytest_django import Settings

from minigiants.notifications import sending
from minigiants.notifications.addresses import may_send
from minigiants.notifications.sending import Fault, send
from tests.support.webhook_receiver import ALLOW_LOOPBACK, Receiver, webhook_receiver

PUBLIC = ("93.184.215.14", "2606:4700::6810:84e5")

INNER = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # carriers' NAT
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",  # clouds' metadata
    "172.16.0.1",
    "192.0.0.192",
    "192.88.99.1",  # 6to4 relays
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",  # mapped, whatever it maps
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 to 127.0.0.1
    "2002:808:808::1",
    "2606:4700::5efe:10.0.0.1",  # ISATAP
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("address", INNER)
def test_an_address_that_is_not_public_is_refused(address: str, settings: Settings) -> None:
    assert not may_send(host=address, port=443, encrypted=True)
    if "%" not in address:
        settings.WEBHOOK_NETWORKS = ["0.0.0.0/0", "::/0"]
        assert may_send(host=address, port=443, encrypted=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_takes_messages_on_webs_ports_and_encrypted_alone(address: str) -> None:
    assert may_send(host=address, port=443, encrypted=True)
    assert may_send(host=address, port=8443, encrypted=True)
    assert not may_send(host=address, port=443, encrypted=False)
    for port in (22, 25, 80, 5432, 6379, 8080):
        assert not may_send(host=address, port=port, encrypted=True)


def test_a_name_is_no_address() -> None:
    assert not may_send(host="example.org", port=443, encrypted=True)


def _send(url: str) -> sending.Outcome:
    return send(url=url, headers={"webhook-id": "msg_1"}, body=b"{}")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"]
)
def test_no_spelling_of_the_loopback_address_gets_through(
    receiver: Receiver, settings: Settings, host: str
) -> None:
    url = f"http://{host}:{receiver.port}/hook"
    assert _send(url).fault is Fault.REFUSED_ADDRESS
    assert receiver.received == []
    settings.WEBHOOK_NETWORKS = [*ALLOW_LOOPBACK, "::1/128"]
    assert _send(url).status == 204
    assert len(receiver.received) == 1


def _resolver(*answers: list[str]) -> Callable[..., Any]:
    """A name server that gives one answer after the other, then the last one again."""
    left = list(answers)

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in addresses
        ]

    return getaddrinfo


def test_a_name_that_is_rebound_leads_nowhere_else(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first answer is public, every later one is the loopback address."""
    connected: list[str] = []

    def connect(self: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("nobody is there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(socket, "getaddrinfo", _resolver([PUBLIC[0]], ["127.0.0.1"]))
    assert _send("https://rebound.example/hook").fault is Fault.UNREACHABLE
    assert connected == [PUBLIC[0]]
    # The control: who resolves a second time to connect, connects to what was never judged.
    monkeypatch.undo()
    monkeypatch.setattr(socket, "getaddrinfo", _resolver([PUBLIC[0]], ["127.0.0.1"]))
    (judged,) = sending.resolve("rebound.example", receiver.port)
    assert judged == PUBLIC[0]
    assert httpx.post(f"http://rebound.example:{receiver.port}/hook").status_code == 204


def test_a_name_with_one_bad_address_is_refused_whole(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[str] = []

    def connect(self: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("nobody is there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    monkeypatch.setattr(socket, "getaddrinfo", _resolver([PUBLIC[0], "10.0.0.1"]))
    assert _send("https://mixed.example/hook").fault is Fault.REFUSED_ADDRESS
    assert connected == []
    monkeypatch.setattr(socket, "getaddrinfo", _resolver(list(PUBLIC)))
    assert _send("https://mixed.example/hook").fault is Fault.UNREACHABLE
    assert connected == list(PUBLIC)


def test_a_redirect_is_not_followed(receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    with webhook_receiver() as inner:
        for status in (301, 302, 303, 307, 308):
            receiver.answer, receiver.headers = status, {"Location": inner.url}
            outcome = _send(receiver.url)
            assert (outcome.status, outcome.fault) == (status, Fault.REDIRECTED)
        assert inner.received == []
        assert httpx.post(receiver.url, follow_redirects=True).status_code == 204
        assert len(inner.received) == 1


def _drip(handler: BaseHTTPRequestHandler) -> None:
    for byte in b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n":
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.02)


def test_who_drips_its_answer_does_not_hold_us(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time; all of them together do not."""
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    receiver.answer = _drip
    monkeypatch.setattr(sending, "ATTEMPT_SECONDS", 0.3)
    assert _send(receiver.url).fault is Fault.TIMED_OUT
    monkeypatch.undo()
    assert _send(receiver.url).status == 204


class _Endless:
    """Answers 200 with a body that never ends, and counts what was taken of it."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = bytes(65_536)
        try:
            while self.taken < 256 * 1024**2:
                handler.wfile.write(b"10000\r\n" + chunk + b"\r\n")
                self.taken += len(chunk)
        except OSError:
            pass


def test_a_body_without_end_is_not_read(receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    endless = _Endless()
    receiver.answer = endless
    assert _send(receiver.url).status == 200
    assert endless.taken < 64 * 1024**2
    with httpx.stream("POST", receiver.url) as answer:
        taken = 0
        for chunk in answer.iter_raw():
            taken += len(chunk)
            if taken > 64 * 1024**2:
                break
    assert taken > 64 * 1024**2


def test_headers_without_end_are_a_fault(receiver: Receiver, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK

    def answer(length: int) -> Callable[[BaseHTTPRequestHandler], None]:
        head = b"HTTP/1.1 204 No Content\r\nX: " + b"x" * length + b"\r\n\r\n"
        return lambda handler: (handler.wfile.write(head), None)[1]

    receiver.answer = answer(1_000_000)
    assert _send(receiver.url).fault is Fault.PROTOCOL
    receiver.answer = answer(1_000)
    assert _send(receiver.url).status == 204


def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    with webhook_receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert _send(receiver.url).status == 204
        assert (len(receiver.received), proxy.received) == (1, [])
        httpx.post(receiver.url)
        assert (len(receiver.received), len(proxy.received)) == (1, 1)
