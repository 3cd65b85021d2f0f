"""A folder of blobs under their digests, bounded in size, the least recently used leaving first.

Several threads and processes may share it. Entries come by atomic rename and are read through an
open file, so neither a half-written nor a vanishing one is ever seen. A job gets a copy and never
a link: participant code that found a way to write must not be able to write into the cache. The
copy is hashed as it is made, so a damaged entry is noticed, dropped and fetched again.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from evaluator.blob_hash import BlobHash

CHUNK_BYTES: Final = 1024 * 1024
ABANDONED_SECONDS: Final = 24 * 3600
"""After this long an incoming file belongs to a process that died."""

Fetch = Callable[[], Iterable[bytes]]
"""Opens a blob at its source and yields its bytes."""


class BlobMismatch(Exception):
    """The source delivered other bytes than the digest and size promise."""


class BlobCache:
    """The cache in one folder. `limit_bytes` bounds what it keeps, not what it delivers."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
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
                    _write(_chunks(file), target, digest, size)
            finally:
                arrival.unlink(missing_ok=True)
            return False

    def _place_kept(self, entry: Path, digest: str, size: int, target: Path) -> bool:
        try:
            file = entry.open("rb")
        except FileNotFoundError:
            return False
        with file:
            os.utime(file.fileno())
            try:
                _write(_chunks(file), target, digest, size)
            except BlobMismatch:
                entry.unlink(missing_ok=True)
                return False
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


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _write(chunks: Iterable[bytes], path: Path, digest: str, size: int) -> None:
    """Write the bytes to a new file, or leave none and raise `BlobMismatch`."""
    hashed = BlobHash()
    try:
        with path.open("xb") as file:
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
    except BaseException:
        path.unlink(missing_ok=True)
        raise
