"""Finding an upload, a file and a part that may still be sent."""

from uuid import UUID

from django.utils import timezone

from minigiants.artifacts.layout import part_count
from minigiants.artifacts.models import UploadFile, UploadSession
from minigiants.artifacts.problems import FileKnown, UploadClosed
from minigiants.core.problems import NotFound


def upload_open(session_id: UUID, *, lock: bool = False) -> UploadSession:
    """An upload that is open; with `lock` it stays so until the transaction ends.

    Raises NotFound, UploadClosed.
    """
    rows = UploadSession.objects.select_for_update() if lock else UploadSession.objects
    session = rows.filter(pk=session_id).first()
    if session is None:
        raise NotFound("There is no such upload.")
    if session.status != UploadSession.Status.OPEN:
        raise UploadClosed(f"Its status is {session.status}.")
    if session.expires_at <= timezone.now():
        raise UploadClosed(f"Its time was over at {session.expires_at:%Y-%m-%d %H:%M} UTC.")
    return session


def upload_file(session: UploadSession, position: int) -> UploadFile:
    """An announced file whose bytes are wanted. Raises NotFound, FileKnown."""
    file = session.files.filter(position=position).first()
    if file is None:
        raise NotFound(f"The upload has no file at position {position}.")
    if file.blob_id is not None:
        raise FileKnown(f"{file.path} is there already.")
    return file


def require_part(file: UploadFile, number: int) -> int:
    """`number`, if `file` has such a part. Raises NotFound."""
    if not 0 <= number < part_count(file.size):
        raise NotFound(f"{file.path} has no part {number}.")
    return number
