"""What has to be right before anything starts, each with a line that says how to mend it."""

import errno
import shutil
import socket
import sys
from pathlib import Path

from minigiants.embedded.errors import EmbeddedError

HOST = "127.0.0.1"
NEEDED_BYTES = 1024**3
"""Free space below which the server does not start."""
LOW_BYTES = 256 * 1024**2
"""Free space below which a running server warns."""


def check(home: Path, port: int) -> None:
    """Raise `EmbeddedError` for the first thing that would keep the server from running."""
    if sys.platform == "win32":
        raise EmbeddedError(
            "The embedded server runs on Linux and macOS.", "On Windows, use it within WSL."
        )
    check_space(home)
    check_port(port)


def check_space(home: Path) -> None:
    """Refuse a disk that is nearly full."""
    free = free_bytes(home)
    if free < NEEDED_BYTES:
        raise EmbeddedError(
            f"Only {free // 1024**2} MiB are free on the disk of {home}.",
            "Free at least 1 GiB, or choose a home on another disk: --home DIR",
        )


def check_port(port: int) -> None:
    """Refuse a port on which somebody listens already, or that we may not have."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            problem = {
                errno.EADDRINUSE: f"Port {port} is in use by another program.",
                errno.EACCES: f"Port {port} needs rights that this user does not have.",
            }.get(error.errno or 0, f"Port {port} can't be used: {error.strerror}.")
            other = port + 1 if 1024 <= port < 65_535 else 8000
            raise EmbeddedError(
                problem, f"Choose another: --port {other} (or make up PORT={other})"
            ) from error


def free_bytes(folder: Path) -> int:
    """Space that this user may still write on the disk of `folder`, or where it will be made."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free
