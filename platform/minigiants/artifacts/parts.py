"""Receiving one part of a file into the folder: written at its offset, hashed in the same pass."""

import errno
import fcntl
import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db import transaction

from evaluator.contract import PART_BYTES
from minigiants.artifacts.folder_parts import FolderParts
from minigiants.artifacts.layout import part_length
from minigiants.artifacts.models import UploadPart
from minigiants.artifacts.open_uploads import require_part, upload_file, upload_open
from minigiants.artifacts.part_store import part_store
from minigiants.artifacts.problems import (
    PartConflict,
    PartElsewhere,
    PartInFlight,
    PartLength,
    PartMismatch,
    StorageFull,
)


class PartWriter:
    """Takes the bytes of one part, in order; `finish` records it. A context manager.

    While it is open it holds a lock on the part's byte range, so that two requests for the same
    part can't mix their bytes. Without `finish` nothing is recorded, and what was written will be
    overwritten by the next try.
    """

    def __init__(self, *, session_id: UUID, position: int, number: int, sha256: str) -> None:
        """Raises NotFound, UploadClosed, PartElsewhere, PartInFlight or PartConflict."""
        store = part_store()
        if not isinstance(store, FolderParts):
            raise PartElsewhere("Parts go straight to its object store.")
        session = upload_open(session_id)
        self._file = upload_file(session, position)
        self._number = number
        self._expected = bytes.fromhex(sha256)
        self.length = part_length(self._file.size, require_part(self._file, number))
        self._written = 0
        self._hash = hashlib.sha256()
        path = store.staged_file(session_id, position)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            self._lock()
            self.already_received = self._check_received()
        except BaseException:
            os.close(self._descriptor)
            raise

    def _lock(self) -> None:
        # An open-file-description lock: it belongs to this descriptor, not to the process, so it
        # also keeps apart two requests that one process serves.
        record = struct.pack(
            "hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, self._number * PART_BYTES, PART_BYTES, 0
        )
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, record)
        except OSError as error:
            if error.errno in {errno.EAGAIN, errno.EACCES}:
                raise PartInFlight(f"Part {self._number} of {self._file.path}.") from None
            raise

    def _check_received(self) -> bool:
        received = UploadPart.objects.filter(file=self._file, number=self._number).first()
        if received is None:
            return False
        if bytes(received.sha256) != self._expected:
            raise PartConflict(f"Part {self._number} of {self._file.path}.")
        return True

    def write(self, pieces: Iterable[bytes]) -> None:
        """Take the next bytes, as they came. Raises PartLength: more than the part holds."""
        for piece in pieces:
            self._write(piece)

    def _write(self, data: bytes) -> None:
        if self._written + len(data) > self.length:
            raise PartLength(
                f"Part {self._number} of {self._file.path} is {self.length} bytes; more arrived."
            )
        offset = self._number * PART_BYTES + self._written
        self._hash.update(data)
        view = memoryview(data)
        with _full_disk():
            while view:
                count = os.pwrite(self._descriptor, view, offset)
                view, offset = view[count:], offset + count
        self._written += len(data)

    def finish(self) -> None:
        """Check length and SHA-256, and record the part. Raises PartLength, PartMismatch."""
        if self._written != self.length:
            raise PartLength(
                f"Part {self._number} of {self._file.path} is {self.length} bytes; "
                f"{self._written} arrived."
            )
        digest = self._hash.digest()
        if digest != self._expected:
            raise PartMismatch(
                f"Part {self._number} of {self._file.path}: X-Part-SHA256 says "
                f"{self._expected.hex()}, received was {digest.hex()}."
            )
        # What is said to have arrived must be there after a power cut too.
        with _full_disk():
            os.fdatasync(self._descriptor)
        with transaction.atomic():
            upload_open(self._file.session_id, lock=True)
            UploadPart.objects.create(
                file=self._file, number=self._number, sha256=digest, size=self._written
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)


@contextmanager
def _full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull("The disk of the blob store is full.") from error
        raise
