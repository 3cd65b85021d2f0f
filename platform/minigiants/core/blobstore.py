"""Where bytes lie: a content-addressed store of immutable blobs.

A blob's name is its composite digest (see `evaluator.contract.composite_digest`). It lies in a
local folder, or in a bucket (`minigiants.core.s3`), as MINIGIANTS_BLOBS says. Either way bytes are
put beside the store first and become a blob at once: a blob that can be seen is whole.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from django.conf import settings

from evaluator.blob_hash import BlobHash
from evaluator.contract import PART_BYTES, StoredBlob
from minigiants.core.blob_digests import blobs_hold

DIGEST_DIGITS: Final = 64


@dataclass(frozen=True)
class LyingBlob:
    """A blob as the store lists it, and when it was stored, the last time if it was again."""

    stored: StoredBlob
    at: datetime


class BlobStore(Protocol):
    """What a place for blobs offers. `digest` is always the composite digest, as hex."""

    def exists(self, digest: str) -> bool:
        """Whether the blob is there, whole."""

    def open(self, digest: str) -> BinaryIO:
        """The blob for reading, seekable. Raises FileNotFoundError."""

    def adopt(self, source: Path, digest: str) -> None:
        """Move the finished file `source`, whose digest the caller has verified, into the store.

        It is on disk, or with the store, when this returns.
        """

    def delete(self, digest: str) -> None:
        """Remove the blob. No error if it is not there."""

    def blobs(self, shard: int) -> Iterator[LyingBlob]:
        """All whose digests begin with the byte `shard`, while others come and go."""

    def stored_at(self, digest: str) -> datetime | None:
        """When the blob was stored, the last time if it was again. None: it is not there."""


class FolderBlobStore:
    """Blobs in a local folder, spread over 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        """Where the blob lies or would lie."""
        return self.root / digest[:2] / digest[2:]

    def exists(self, digest: str) -> bool:
        return self.path(digest).is_file()

    def open(self, digest: str) -> BinaryIO:
        return self.path(digest).open("rb")

    def adopt(self, source: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(source, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        source.chmod(0o440)
        os.utime(source)  # its age is counted from now
        source.replace(target)

    def delete(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)

    def blobs(self, shard: int) -> Iterator[LyingBlob]:
        begin = f"{shard:02x}"
        with suppress(FileNotFoundError), os.scandir(self.root / begin) as entries:
            for entry in entries:
                if len(begin + entry.name) != DIGEST_DIGITS:
                    continue  # none of ours
                with suppress(FileNotFoundError):
                    about = entry.stat()
                    blob = StoredBlob(digest=begin + entry.name, size=about.st_size)
                    yield LyingBlob(blob, datetime.fromtimestamp(about.st_mtime, UTC))

    def stored_at(self, digest: str) -> datetime | None:
        try:
            return datetime.fromtimestamp(self.path(digest).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None


def blob_store() -> BlobStore:
    """The store that this installation is configured with."""
    if isinstance(settings.BLOBS, Path):
        return FolderBlobStore(settings.BLOBS)
    from minigiants.core.s3 import S3BlobStore  # its library is large, and few need it

    return S3BlobStore(settings.BLOBS)


@contextmanager
def staging_folder() -> Iterator[Path]:
    """A temporary folder, on the store's own file system where it has one: `adopt` is a rename."""
    root = settings.BLOBS / "staging" if isinstance(settings.BLOBS, Path) else None
    if root is not None:
        root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root) as name:
        yield Path(name)


def digest_of(stream: BinaryIO) -> StoredBlob:
    """Composite digest and size in bytes of what `stream` still holds."""
    hashed = BlobHash()
    while chunk := stream.read(PART_BYTES):
        hashed.update(chunk)
    return hashed.blob()


def store_file(source: Path) -> StoredBlob:
    """Copy a local file into the store. Returns what it is stored as.

    Runs in the transaction that will name the blob.
    """
    with source.open("rb") as stream:
        blob = digest_of(stream)
    blobs_hold([blob.digest])
    store = blob_store()
    if not store.exists(blob.digest):
        with staging_folder() as folder:
            copy = folder / "blob"
            shutil.copyfile(source, copy)
            store.adopt(copy, blob.digest)
    return blob
