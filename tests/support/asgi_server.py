"""The web application behind a real HTTP server, within the test's own process.

For what needs real connections: streams, long polls, uploads, and clients that lose their way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

START_SECONDS = 20.0


class AsgiServer:
    """uvicorn in a thread, on a free port of the loopback address."""

    def __init__(self, application: Any) -> None:
        import uvicorn

        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                host="127.0.0.1",
                port=0,
                lifespan="off",
                ws="none",
                log_level="warning",
                timeout_graceful_shutdown=2,
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> None:
        """Start, and return once it answers."""
        self._thread.start()
        limit = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > limit or not self._thread.is_alive():
                raise RuntimeError("The ASGI server did not start.")
            time.sleep(0.01)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop, and wait until its thread has ended."""
        self._server.should_exit = True
        self._thread.join(START_SECONDS)


@pytest.fixture
def asgi_server(transactional_db: None) -> Iterator[AsgiServer]:
    """The application as it is deployed, parts' route included."""
    from django.db import connections

    from minigiants.config.asgi import application

    server = AsgiServer(application)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        connections.close_all()
