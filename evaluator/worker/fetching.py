"""Bringing a job's files from their signed URLs, through the cache, into the job's folder."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from evaluator.contract import SignedFile
from evaluator.worker.cache import BlobCache
from evaluator.worker.lease import Lease
from evaluator.worker.platform_client import PlatformClient
from evaluator.worker.retry import retried

FETCH_SECONDS: Final = 300.0
"""How long an unreachable store is asked again."""


class UnsafePath(Exception):
    """A job names a path that would leave its folder."""


class Fetcher:
    """Fetches files for the jobs of one worker."""

    def __init__(self, client: PlatformClient, cache: BlobCache) -> None:
        self._client = client
        self._cache = cache

    def fetch(self, file: SignedFile, target: Path, lease: Lease) -> None:
        """Write the file's verified bytes to `target`, readable by all.

        Raises `Unreachable`, `Refused` or `BlobMismatch` if the file can't be had, and what
        `Lease.check` raises.
        """
        target.parent.mkdir(parents=True, exist_ok=True)

        def chunks() -> Iterator[bytes]:
            for chunk in self._client.download(file):
                lease.check()
                yield chunk

        def place() -> None:
            lease.check()
            self._cache.place(file.digest, file.size, target, chunks)

        retried(place, what="fetch", pause=lease.pause, seconds=FETCH_SECONDS)
        target.chmod(0o644)

    def fetch_folder(self, files: tuple[SignedFile, ...], folder: Path, lease: Lease) -> None:
        """Fetch all files into a new folder under their relative paths.

        Raises `UnsafePath`, and what `fetch` raises.
        """
        folder.mkdir()
        for file in files:
            path = PurePosixPath(file.path)
            if path.is_absolute() or ".." in path.parts or "\0" in file.path or not path.parts:
                raise UnsafePath(f"{file.path!r} is no path within an artifact")
            self.fetch(file, folder.joinpath(*path.parts), lease)
        for part in (folder, *(entry for entry in folder.rglob("*") if entry.is_dir())):
            part.chmod(0o755)
