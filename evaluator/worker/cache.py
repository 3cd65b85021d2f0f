"""A folder of blobs under their digests, bounded in size, the least recently used leaving first.

Several threads and processes may share it. Entries come by atomic rename and are read through an
open file, so neither a half-written nor a vanishing one is ever seen. A job gets a copy and never
a link: participant code that found a way to write must not be able to write into the cache. An
entry is hashed as it is copied whenever anybody else has touched it since this process hashed it,
and once an hour, so a damaged one is noticed, dropped and fetched again.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from evaluator.blob_hash import BlobHash

CHUNK_BYTES: Final = 1024 * 1024
ABANDONED_SECONDS: Final = 24 * 3600
"""After this long an incoming file belongs to a process that died."""
TRUSTED_SECONDS: Final = 3600.0
"""How long an entry that nobody touched is copied without being hashed: disks fail silently."""

Fetch = Callable[[], Iterable[bytes]]
"""Opens a blob at its source and yields its bytes."""


class BlobMismatch(Exception):
    """The source delivered other bytes than the digest and size promise."""


@dataclass(frozen=True, slots=True)
class _Hashed:
    """An entry as this process left it after its bytes were right."""

    inode: int
    size: int
    touched_ns: int
    hashed_at: float

    def is_still(self, entry: os.stat_result) -> bool:
        """Whether it is the same file, written by nobody since, and not for too long."""
        now = (entry.st_ino, entry.st_size, entry.st_mtime_ns)
        recent = time.monotonic() - self.hashed_at < TRUSTED_SECONDS
        return recent and now == (self.inode, self.size, self.touched_ns)


class BlobCache:
    """The cache in one folder. `limit_bytes` bounds what it keeps, not what it delivers."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._hashed: dict[str, _Hashed] = {}
        self._blobs = folder / "blobs"
        self._incoming = folder / "incoming"
        self._locks = folder / "locks"
        for part in (self._blobs, self._incoming, self._locks):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._clear_abandoned()

    def place(self, digest: str, size: int, target: Path, fetch: Fetch) -> bool:
        """Write the blob to `target`, from the cache if it is there. Says whether it was.

        Raises `BlobMismatch` if the source's bytes are not the blob's, and whatever `fetch`
        raises. `target` exists afterwards exactly if nothing was raised.
        """
        if size > self._limit_bytes:
            _write(fetch(), target, digest, size)
            return False
        entry = self._blobs / digest
        with self._locked(digest[:2]):  # one fetch is enough for all who wait for this blob
            if self._place_kept(entry, digest, size, target):
                return True
            arrival = self._incoming / uuid4().hex
            try:
                _write(fetch(), arrival, digest, size)
                with arrival.open("rb") as file:
                    with self._locked("room"):
                        self._make_room(size)
                        arrival.rename(entry)
                    _copy(file, target, size)  # its bytes were hashed as they came
            finally:
                arrival.unlink(missing_ok=True)
            return False

    def _place_kept(self, entry: Path, digest: str, size: int, target: Path) -> bool:
        hashed = self._hashed.pop(digest, None)
        try:
            file = entry.open("rb")
        except FileNotFoundError:
            return False
        with file:
            # To the nanosecond: what others write gets the time of the kernel's coarse clock.
            found, touched_ns = os.fstat(file.fileno()), time.time_ns()
            os.utime(file.fileno(), ns=(touched_ns, touched_ns))
            if hashed is not None and hashed.is_still(found):
                _copy(file, target, size)
                hashed_at = hashed.hashed_at
            else:
                hashed_at = time.monotonic()
                try:
                    _write(_chunks(file), target, digest, size)
                except BlobMismatch:
                    entry.unlink(missing_ok=True)
                    return False
            self._hashed[digest] = _Hashed(found.st_ino, size, touched_ns, hashed_at)
        return True

    def _make_room(self, size: int) -> None:
        entries: list[tuple[int, int, Path]] = []
        for entry in self._blobs.iterdir():
            with suppress(FileNotFoundError):  # another job found it damaged and dropped it
                stat = entry.stat()
                entries.append((stat.st_mtime_ns, stat.st_size, entry))
        kept = sum(length for _, length, _ in entries)
        for _, length, entry in sorted(entries):
            if kept + size <= self._limit_bytes:
                return
            entry.unlink(missing_ok=True)
            self._hashed.pop(entry.name, None)
            kept -= length

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        # Locks of the kernel: they end with their process, and hold between threads as well,
        # because each has opened the file for itself.
        with (self._locks / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _clear_abandoned(self) -> None:
        for arrival in self._incoming.iterdir():
            with suppress(FileNotFoundError):  # its own process was done with it
                if time.time() - arrival.stat().st_mtime > ABANDONED_SECONDS:
                    arrival.unlink()


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file at `path` to write to, which is gone again if anything is raised."""
    try:
        with path.open("xb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _copy(file: BinaryIO, path: Path, size: int) -> None:
    """Let the kernel copy `size` bytes from the file's start to a new file, or leave none."""
    with _new_file(path) as target:
        done = 0
        while done < size:
            sent = os.sendfile(target.fileno(), file.fileno(), done, size - done)
            if not sent:
                raise OSError(f"A cached blob of {size} bytes ended after {done}")
            done += sent


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _write(chunks: Iterable[bytes], path: Path, digest: str, size: int) -> None:
    """Write the bytes to a new file, or leave none and raise `BlobMismatch`."""
    hashed = BlobHash()
    with _new_file(path) as file:
        for chunk in chunks:
            hashed.update(chunk)
            if hashed.size > size:
                raise BlobMismatch(f"The blob {digest} has more than {size} bytes")
            file.write(chunk)
        if hashed.size != size or hashed.digest() != digest:
            raise BlobMismatch(
                f"The blob {digest} of {size} bytes arrived as {hashed.digest()} of "
                f"{hashed.size} bytes"
            )
