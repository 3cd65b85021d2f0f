"""A mail server on the loopback interface that keeps what it is handed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from pytest_django import Settings


class MailServer:
    """The messages that were handed over, oldest first, and the port to hand them to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.port = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a message. Called by aiosmtpd."""
        self.messages.append(message_from_bytes(envelope.content))
        return "250 OK"

    def text_to(self, address: str) -> str:
        """The text of the last message to `address`; empty where there is none."""
        for message in reversed(self.messages):
            if message["To"] == address:
                payload = message.get_payload(decode=True)
                assert isinstance(payload, bytes)
                return payload.decode()
        return ""


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A server that answers as long as the context lives."""
    server = MailServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[MailServer]:
    """The server that the platform's mails go to, by SMTP."""
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
