"""Parts in a local folder: the platform receives them, and writes each at its offset."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings

from minigiants.artifacts.models import UploadFile
from minigiants.artifacts.part_store import PartAddress
from minigiants.artifacts.tokens import upload_token
from minigiants.core.blobstore import blob_store

PART_ADDRESS = "/api/v1/uploads/{upload}/files/{position}/parts/{number}"


class FolderParts:
    """A sparse file for each file that was announced; what has arrived stands in the database."""

    is_direct = False

    def __init__(self, root: Path) -> None:
        """`root` is the blob store's own: a finished file is moved in with one rename."""
        self._root = root / "uploads"

    def staged_file(self, session_id: UUID, position: int) -> Path:
        """The file that the parts of one announced file are written into."""
        return self._root / str(session_id) / str(position)

    def arrived(self, files: Sequence[UploadFile]) -> Mapping[int, frozenset[int]]:
        return {
            file.position: frozenset(part.number for part in file.parts.all()) for file in files
        }

    def address(self, file: UploadFile, number: int, *, sha256: bytes) -> PartAddress:
        path = PART_ADDRESS.format(upload=file.session_id, position=file.position, number=number)
        headers = {
            "X-Upload-Token": upload_token(file.session_id),
            "X-Part-SHA256": sha256.hex(),
        }
        return PartAddress(f"{settings.BASE_URL}{path}", headers)

    def assemble(self, file: UploadFile, digest: str) -> None:
        store = blob_store()
        if store.exists(digest):
            return
        staged = self.staged_file(file.session_id, file.position)
        if file.size == 0:
            staged.parent.mkdir(parents=True, exist_ok=True)
            staged.touch()
        store.adopt(staged, digest)

    def discard(self, session_id: UUID) -> None:
        shutil.rmtree(self._root / str(session_id), ignore_errors=True)

    def sessions(self) -> set[UUID]:
        if not self._root.is_dir():
            return set()
        return {UUID(entry.name) for entry in self._root.iterdir()}
