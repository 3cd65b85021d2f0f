"""The capability to send parts of one upload."""

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

_signer = TimestampSigner(salt="minigiants.upload")


def upload_token(session_id: UUID) -> str:
    """A token that allows sending parts of this upload, as long as an upload lives."""
    return _signer.sign(str(session_id))


def opens_upload(token: str, session_id: UUID) -> bool:
    """Whether `token` was issued for this upload and has not expired."""
    try:
        return _signer.unsign(token, max_age=settings.UPLOAD_SECONDS) == str(session_id)
    except BadSignature:
        return False
