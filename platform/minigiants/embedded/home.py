"""The home folder of an embedded server: where everything lies, and who holds it."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TextIO

from platformdirs import user_data_path

from minigiants.embedded.errors import EmbeddedError

Phase = Literal["starting", "ready", "stopping"]


def default_home() -> Path:
    """MINIGIANTS_HOME, else the folder that the platform keeps for a user's data."""
    given = os.environ.get("MINIGIANTS_HOME")
    return Path(given).expanduser() if given else user_data_path("minigiants")


@dataclass(frozen=True)
class ServerState:
    """What a running server tells the commands `status` and `down`. Holds no secret.

    `parts` maps the name of each child to what it is doing, in a word or two.
    """

    pid: int
    address: str
    phase: Phase
    redis_port: int
    sockets: str
    parts: dict[str, str]


class Home:
    """The folder and the names in it. Nothing in it can be read by other users."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().absolute()
        self.servers = self.folder / "servers"
        self.blobs = self.folder / "blobs"
        self.static = self.folder / "static"
        self.logs = self.folder / "logs"
        self.secrets = self.folder / "secrets.json"
        self.demo_accounts = self.folder / "demo.json"
        self._lock_file = self.folder / "lock"
        self._state_file = self.folder / "server.json"
        self._version_file = self.folder / "version"
        self._lock: TextIO | None = None

    def worker_folder(self, role: str, name: str) -> Path:
        """A folder of a worker's own, made on first use: its cache, or its scratch space."""
        folder = self.folder / "workers" / role / name
        for path in (folder.parent.parent, folder.parent, folder):
            path.mkdir(exist_ok=True, mode=0o700)
        return folder

    def log(self, part: str) -> Path:
        """The log file of a child process."""
        return self.logs / f"{part}.log"

    def open(self) -> None:
        """Make the folder if there is none, and take its lock until this process ends.

        Raises `EmbeddedError` when another server holds it, when it can't be written, or when a
        newer version of Minigiants made it.
        """
        try:
            if not self.folder.exists():
                # Passable where PostgreSQL runs as a service user: its data lies below. What is
                # secret has a mode of its own.
                self.folder.mkdir(parents=True, mode=0o711 if os.geteuid() == 0 else 0o700)
            lock = self._lock_file.open("a+")
        except OSError as error:
            raise EmbeddedError(
                f"The home folder {self.folder} can't be used: {error.strerror}.",
                "Choose another: --home DIR",
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            state = self.read_state()
            where = f" at {state.address} (process {state.pid})" if state else ""
            raise EmbeddedError(
                f"A server with this home is already running{where}.",
                "Stop it first: minigiants server down",
            ) from error
        self._lock = lock
        try:
            self._check_version()
        except EmbeddedError:
            self._lock = None
            lock.close()
            raise
        for folder in (self.blobs, self.logs):
            folder.mkdir(exist_ok=True, mode=0o700)

    def close(self) -> None:
        """Give the lock back. The state file goes with it."""
        self._state_file.unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def is_held(self) -> bool:
        """Whether a server runs on this home. A pid file that a crash left behind is no server."""
        try:
            with self._lock_file.open("r") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def write_state(self, state: ServerState) -> None:
        """Tell other processes how the server is, in one step."""
        partial = self._state_file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(state)))
        partial.replace(self._state_file)

    def read_state(self) -> ServerState | None:
        """What the running server told last, or None when it has told nothing yet."""
        try:
            return ServerState(**json.loads(self._state_file.read_text()))
        except FileNotFoundError:
            return None

    def _check_version(self) -> None:
        try:
            ours = version("minigiants")
        except PackageNotFoundError:  # run from a source tree that is not installed
            return
        if self._version_file.exists():
            theirs = self._version_file.read_text().strip()
            if _numbers(theirs) > _numbers(ours):
                raise EmbeddedError(
                    f"This home was last used by Minigiants {theirs}, and this is {ours}.",
                    "Update Minigiants, or choose another home: --home DIR",
                )
        self._version_file.write_text(ours + "\n")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())
