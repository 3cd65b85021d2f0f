"""A process of the host that holds a secret wherever /proc shows one, and source that seeks it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluator.sandbox.container import USER

HALVES = ("secret-of-", "the-worker")
PLACES = frozenset({"environ", "cmdline", "stack", "fd", "cwd", "root"})
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")

SEEK = """
import glob, os, stat
def read(path):
    if not stat.S_ISREG(os.stat(path).st_mode):
        return b""  # nothing is taken out of anybody's pipe
    with open(path, "rb") as file:
        return file.read(65536)
def stack(process):
    with open(process + "/maps") as maps, open(process + "/mem", "rb", 0) as memory:
        for line in maps:
            if line.endswith("[stack]\\n"):
                begin, end = (int(bound, 16) for bound in line.split()[0].split("-"))
                memory.seek(begin)
                return memory.read(end - begin)
    return b""
def opened(process):
    return b"".join(read(entry) for entry in glob.glob(process + "/fd/*"))
def seek():
    # In two halves, so that nobody finds what is sought in the seeker.
    secret, found = "".join(HALVES).encode(), []
    for process in glob.glob("/proc/[0-9]*"):
        for place, act in (
            ("environ", lambda: read(process + "/environ")),
            ("cmdline", lambda: read(process + "/cmdline")),
            ("stack", lambda: b"" if process == f"/proc/{os.getpid()}" else stack(process)),
            ("fd", lambda: opened(process)),
            ("cwd", lambda: read(process + "/cwd/secret")),
            ("root", lambda: read(process + "/root" + PATH)),
        ):
            try:
                if secret in act():
                    found.append(f"{process}/{place}")
            except OSError:
                pass
    return found
"""


@dataclass(frozen=True)
class Canary:
    """The process, of the user and group `user`, in whose folder the file `path` lies."""

    pid: int
    user: str
    path: Path

    def source(self) -> str:
        """Source that defines `seek()`: the places of all processes in which the secret is."""
        return f"HALVES, PATH = {HALVES!r}, {str(self.path)!r}{SEEK}"

    def places(self) -> set[str]:
        """What `seek()` finds where nothing keeps this user from it."""
        restricted = _YAMA.exists() and _YAMA.read_text().strip() != "0"
        shown = PLACES - {"stack"} if restricted else PLACES
        return {f"/proc/{self.pid}/{place}" for place in shown}


@contextmanager
def living_canary() -> Iterator[Canary]:
    """One as long as the block lasts. Where that is possible it is the user that a model is, so
    that the kernel has no other reason to hide it than the sandbox."""
    secret = "".join(HALVES)
    user = USER if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"
    uid, gid = map(int, user.split(":"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "secret"
        path.write_text(secret)
        path.chmod(0o644)
        with (
            path.open() as opened,
            subprocess.Popen(
                ["/bin/sh", "-c", "read line; :", secret],
                env={"MINIGIANTS_WORKER_KEY": secret},
                cwd=folder,
                stdin=subprocess.PIPE,  # at whose end it ends
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[opened.fileno()],
                user=uid if os.geteuid() == 0 else None,
                group=gid if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
            ) as process,
        ):
            yield Canary(process.pid, user, path)
