"""Grandchildren whose parents died before them.

A worker that is killed can't end what it started. The kernel hands such processes to us instead
of init, and the last thing that a server does is to end them.
"""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of orphaned descendants (Linux; elsewhere init takes them)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all() -> int:
    """Reap every child that is left, and kill those that still run; returns how many did.

    To be called once every child that is known has been waited for.
    """
    ended = 0
    while children := _children():
        for child in children:
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(child, os.WNOHANG) == (0, 0):
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    ended += 1
    return ended


def _children() -> list[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return [int(child) for file in lists for child in file.read_text().split()]
