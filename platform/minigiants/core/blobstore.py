"""Where bytes lie: a content-addressed store of immutable blobs.

A blob's name is its composite digest (see `evaluator.contract.composite_digest`). Writers put the
bytes beside the store first, on the same file system, and move them in with one rename: a blob
that can be seen is whole.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from evaluator.blob_hash import BlobHash
from evaluator.contract import PART_BYTES, StoredBlob


class BlobStore(Protocol):
    """What a place for blobs offers. `digest` is always the composite digest, as hex."""

    def exists(self, digest: str) -> bool:
        """Whether the blob is there, whole."""

    def open(self, digest: str) -> BinaryIO:
        """The blob for reading, seekable. Raises FileNotFoundError."""

    def adopt(self, source: Path, digest: str) -> None:
        """Move the finished file `source`, whose digest the caller has verified, into the store."""

    def delete(self, digest: str) -> None:
        """Remove the blob. No error if it is not there."""


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
        source.chmod(0o440)
        source.replace(target)

    def delete(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)


def blob_store() -> FolderBlobStore:
    """The store that this installation is configured with."""
    return FolderBlobStore(Path(settings.BLOBS_ROOT))


@contextmanager
def staging_folder() -> Iterator[Path]:
    """A temporary folder on the store's own file system, so that `adopt` is a rename."""
    root = Path(settings.BLOBS_ROOT) / "staging"
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
    """Copy a local file into the store. Returns what it is stored as."""
    with source.open("rb") as stream:
        blob = digest_of(stream)
    store = blob_store()
    if not store.exists(blob.digest):
        with staging_folder() as folder:
            copy = folder / "blob"
            shutil.copyfile(source, copy)
            descriptor = os.open(copy, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            store.adopt(copy, blob.digest)
    return blob
