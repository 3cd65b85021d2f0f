"""A whole server, started as a user starts it: own home folder, own port, own process."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

READY_SECONDS = 180.0


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def descendants(pid: int) -> set[int]:
    """All processes below `pid`, as the kernel lists them now."""
    found: set[int] = set()
    todo = [pid]
    while todo:
        for file in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            try:
                children = [int(child) for child in file.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue
            todo += [child for child in children if child not in found]
            found.update(children)
    return found


def is_running(pid: int) -> bool:
    """Whether a process is there and more than a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def environment_of(pid: int) -> str:
    """The environment that a process was started with."""
    return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")


class EmbeddedServer:
    """`python -m minigiants.embedded` on a home of its own. Use as a context manager.

    Nothing of the tests' own installation reaches it: every MINIGIANTS_ variable is taken out of
    its environment, `extra` is put in. It seeds `competitions` alone: to evaluate the baselines of
    all packs takes minutes.
    """

    def __init__(self, competitions: tuple[str, ...] = ("digits",), /, **extra: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="minigiants-home-"))
        self.home.chmod(0o711)
        self.port = free_port()
        self.arguments = ("--port", str(self.port), "--competitions", *competitions)
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = self.home / "output"
        self.process: subprocess.Popen[bytes] | None = None
        root = Path(__file__).resolve().parents[2]
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("MINIGIANTS_", "DJANGO_"))},
            "PYTHONPATH": os.pathsep.join([str(root / "platform"), str(root)]),
            **extra,
        }

    def __enter__(self) -> "EmbeddedServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def start(self) -> float:
        """Start it and wait until it says that it is ready; returns how many seconds that took."""
        began = time.monotonic()
        offset = self.spawn()
        assert self.process is not None
        while f"Minigiants is at {self.address}" not in self.said(offset):
            if self.process.poll() is not None or time.monotonic() > began + READY_SECONDS:
                raise AssertionError(f"The server did not start:\n{self.said(offset)}")
            time.sleep(0.05)
        return time.monotonic() - began

    def spawn(self) -> int:
        """Start it and return at once: where in its output this start begins."""
        with self.output.open("ab") as output:
            offset = output.tell()
            self.process = subprocess.Popen(
                self._command("up", *self.arguments),
                env=self._environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return offset

    def said(self, offset: int = 0) -> str:
        """What it has printed."""
        return self.output.read_bytes()[offset:].decode(errors="replace")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of its commands on the same home."""
        return subprocess.run(
            self._command(*arguments),
            env=self._environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )

    def client(self, *arguments: str, token: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line `minigiants` against it, as somebody with `token`."""
        return subprocess.run(
            [sys.executable, "-m", "client", *arguments],
            env={
                **self._environment,
                "HOME": str(self.home),
                "MINIGIANTS_URL": self.address,
                "MINIGIANTS_TOKEN": token,
            },
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=READY_SECONDS,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        """What `status --json` says."""
        answer: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return answer

    def demo_accounts(self) -> list[dict[str, str]]:
        """The accounts that a fresh installation has: e-mail, password and role of each."""
        accounts: list[dict[str, str]] = json.loads((self.home / "demo.json").read_text())
        return accounts

    def children(self, marker: str) -> list[int]:
        """Its direct child processes whose command line holds `marker`."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [
            int(child)
            for child in children
            if marker.encode() in Path(f"/proc/{child}/cmdline").read_bytes()
        ]

    def worker(self, role: str) -> int:
        """The process of its worker with this role."""
        wanted = f"MINIGIANTS_WORKER_ROLE={role}"
        (pid,) = [p for p in self.children("evaluator.worker") if wanted in environment_of(p)]
        return pid

    def interrupt(self) -> int:
        """Press Ctrl-C, and wait for the end; returns the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(READY_SECONDS)

    def remove(self) -> None:
        """Stop it if it still runs, and remove all that it wrote."""
        if self.process is not None and self.process.poll() is None:
            self.interrupt()
        servers = self.home / "servers"
        if servers.is_symlink():
            shutil.rmtree(servers.resolve())
        shutil.rmtree(self.home)

    def _command(self, command: str, *arguments: str) -> list[str]:
        module = [sys.executable, "-m", "minigiants.embedded", command]
        return [*module, "--home", str(self.home), *arguments]
