"""Reads of exact ranges from a stream whose length is known."""

from typing import BinaryIO

from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.refusals import RefusalCode, Refused, shown


def truncated(path: str) -> Refused:
    """The refusal of a file that ended before its size."""
    what = f"{shown(path)} ends before its declared size."
    return Refused(RefusalCode.FILE_TRUNCATED, path, what)


class ExactReader:
    """Reads ranges of a file, whole or not at all. It never reads more than it is asked for."""

    def __init__(self, file: ArtifactFile, stream: BinaryIO) -> None:
        self.path = file.path
        self.size = file.size
        self._stream = stream

    def read(self, offset: int, length: int) -> bytes:
        """The `length` bytes at `offset`. Raises `Refused` where the file does not have them."""
        self._stream.seek(offset)
        pieces = []
        missing = length
        while missing:
            piece = self._stream.read(missing)
            if not piece:
                raise truncated(self.path)
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def head(self, length: int) -> bytes:
        """The first `length` bytes, or all of a smaller file."""
        return self.read(0, min(length, self.size))
