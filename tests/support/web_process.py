"""The web application in a process of its own, on the test's database: one that can be killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from tests.support.embedded_server import free_port
from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


class WebProcess:
    """uvicorn, as `server up` runs it. Use as a context manager."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return once it answers."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "minigiants.config.asgi:application"),
                *("--host", "127.0.0.1", "--port", str(self.port)),
                *("--lifespan", "off", "--log-level", "warning"),
            ],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(ROOT / "platform"), str(ROOT))),
                "MINIGIANTS_DATABASE_URL": _database_of_the_test(),
            },
        )
        wait_for(self._answers, "The web process")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the web process has ended"
        try:
            return httpx.get(f"{self.url}/api/v1/competitions").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it by SIGKILL: nothing is flushed, finished or told."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()


def _database_of_the_test() -> str:
    from django.db import connection

    parts = urlsplit(os.environ["MINIGIANTS_DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))
