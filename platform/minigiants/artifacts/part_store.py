"""Where the parts of unfinished uploads lie: beside the blobs, in a folder or in a bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from django.conf import settings

from minigiants.artifacts.models import UploadFile


@dataclass(frozen=True)
class PartAddress:
    """Where one part is sent with PUT, and the headers that open that address."""

    url: str
    headers: Mapping[str, str]


class PartStore(Protocol):
    """What a place for parts offers."""

    @property
    def is_direct(self) -> bool:
        """Whether clients send parts straight there, and not to the platform."""

    def arrived(self, files: Sequence[UploadFile]) -> Mapping[int, frozenset[int]]:
        """The numbers of the parts that are there, by the position of their file."""

    def address(self, file: UploadFile, number: int, *, sha256: bytes) -> PartAddress:
        """Where to send a part. Called while the upload is locked and open."""

    def assemble(self, file: UploadFile, digest: str) -> None:
        """Make a blob of a file whose parts have all arrived.

        Called while the upload is locked and open; to be called again when it was cut short.
        Raises PartMismatch when the parts are not what `digest` says.
        """

    def discard(self, session_id: UUID) -> None:
        """Remove all that came for an upload. No error if nothing did."""

    def sessions(self) -> set[UUID]:
        """The uploads for which something lies here."""


def part_store() -> PartStore:
    """The store that this installation is configured with."""
    if isinstance(settings.BLOBS, Path):
        from minigiants.artifacts.folder_parts import FolderParts

        return FolderParts(settings.BLOBS)
    from minigiants.artifacts.s3_parts import S3Parts  # its library is large, and few need it

    return S3Parts(settings.BLOBS)
