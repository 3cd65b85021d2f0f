"""The identity of a blob, computed while its bytes pass."""

import hashlib

from evaluator.contract import PART_BYTES, StoredBlob, composite_digest


class BlobHash:
    """Takes a blob's bytes in pieces of any length and gives its composite digest and size."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._part = hashlib.sha256()

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            room = PART_BYTES - self.size % PART_BYTES
            piece = view[:room]
            self._part.update(piece)
            self.size += len(piece)
            if self.size % PART_BYTES == 0:
                self._parts.append(self._part.digest())
                self._part = hashlib.sha256()
            view = view[room:]

    def digest(self) -> str:
        """The composite digest of what was taken so far, as hex."""
        if self.size % PART_BYTES == 0 and self._parts:
            return composite_digest(self._parts)
        return composite_digest([*self._parts, self._part.digest()])

    def blob(self) -> StoredBlob:
        """Digest and size of what was taken so far."""
        return StoredBlob(digest=self.digest(), size=self.size)
