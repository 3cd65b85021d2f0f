"""A log file that can't fill the disk."""

import os
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO

LIMIT_BYTES = 4 * 1024 * 1024
TAIL_LINES = 20


class BoundedLog:
    """Appends lines to `path`; past `limit_bytes` the file becomes `path`.1 and a new one starts.

    So at most twice the limit lies on disk. The last `TAIL_LINES` lines stay in memory, to be
    shown when the process that wrote them dies. A line that can't be written (full disk) is
    counted in `lost_lines` and kept in the tail only: a log must never stop what it describes.
    """

    def __init__(self, path: Path, *, limit_bytes: int = LIMIT_BYTES) -> None:
        self.path = path
        self.lost_lines = 0
        self._limit = limit_bytes
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = self._open()

    def write(self, line: bytes) -> None:
        """Append one line, with its line feed if it has one."""
        with self._lock:
            self._tail.append(line.decode("utf-8", "replace").rstrip())
            if self._file.closed:
                return
            try:
                self._file.write(line)
                self._file.flush()
                if self._file.tell() >= self._limit:
                    self._rotate()
            except OSError:
                self.lost_lines += 1

    def tail(self) -> str:
        """The last lines, joined by line feeds."""
        with self._lock:
            return "\n".join(self._tail)

    def close(self) -> None:
        """Close the file. Lines that still come stay in the tail only."""
        with self._lock:
            try:
                self._file.close()
            except OSError:
                self.lost_lines += 1

    def _rotate(self) -> None:
        self._file.close()
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._file = self._open()

    def _open(self) -> BinaryIO:
        return open(self.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))
