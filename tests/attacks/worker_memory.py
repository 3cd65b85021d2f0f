"""How much an attack makes the worker itself grow: the process that runs the sandbox, this one."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LOOK_SECONDS = 0.01
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Growth:
    """The most resident bytes at once, beyond those at the start."""

    bytes: int = 0


@contextmanager
def watched_growth() -> Iterator[Growth]:
    """Look at this process' resident memory all the while that the block runs."""
    growth, before, over = Growth(), _resident_bytes(), threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            growth.bytes = max(growth.bytes, _resident_bytes() - before)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield growth
    finally:
        over.set()
        thread.join()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
