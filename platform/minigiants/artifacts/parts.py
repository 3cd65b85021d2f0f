"""Receiving one part of a file: written at its offset and hashed in the same pass."""

import errno
import fcntl
import hashlib
import os
import struct
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluator.contract import PART_BYTES
from minigiants.artifacts import layout
from minigiants.artifacts.models import UploadFile, UploadPart, UploadSession
from minigiants.artifacts.problems import (
    PartConflict,
    PartInFlight,
    PartLength,
    PartMismatch,
    StorageFull,
    UploadClosed,
)
from minigiants.core.problems import NotFound


class PartWriter:
    """Takes the bytes of one part, in order; `finish` records it. A context manager.

    While it is open it holds a lock on the part's byte range, so that two requests for the same
    part can't mix their bytes. Without `finish` nothing is recorded, and what was written will be
    overwritten by the next try.
    """

    def __init__(self, *, session_id: UUID, position: int, number: int, sha256: str) -> None:
        """Raises NotFound, UploadClosed, PartInFlight or PartConflict."""
        self._file = _open_file(session_id, position)
        if not 0 <= number < layout.part_count(self._file.size):
            raise NotFound(f"{self._file.path} has no part {number}.")
        self._number = number
        self._expected = bytes.fromhex(sha256)
        self.length = layout.part_length(self._file.size, number)
        self._written = 0
        self._hash = hashlib.sha256()
        path = layout.staged_file(session_id, position)
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

    def write(self, data: bytes) -> None:
        """Take the next bytes. Raises PartLength when they are more than the part holds."""
        if self._written + len(data) > self.length:
            raise PartLength(
                f"Part {self._number} of {self._file.path} is {self.length} bytes; more arrived."
            )
        offset = self._number * PART_BYTES + self._written
        self._hash.update(data)
        view = memoryview(data)
        try:
            while view:
                count = os.pwrite(self._descriptor, view, offset)
                view, offset = view[count:], offset + count
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull("The disk of the blob store is full.") from error
            raise
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
        with transaction.atomic():
            _open_session(self._file.session_id, lock=True)
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


def _open_session(session_id: UUID, *, lock: bool = False) -> UploadSession:
    rows = UploadSession.objects.select_for_update() if lock else UploadSession.objects
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise NotFound("There is no such upload.")
    if session.status != UploadSession.Status.OPEN or session.expires_at <= timezone.now():
        raise UploadClosed(f"Its status is {session.status}.")
    return session


def _open_file(session_id: UUID, position: int) -> UploadFile:
    session = _open_session(session_id)
    file = UploadFile.objects.filter(session=session, position=position).first()
    if file is None:
        raise NotFound(f"The upload has no file at position {position}.")
    if file.blob_id is not None:
        raise PartConflict(f"{file.path} is known already and needs no sending.")
    return file
