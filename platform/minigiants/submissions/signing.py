"""Signed addresses: one blob, for one attempt, for fifteen minutes."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing

from minigiants.core.problems import NotFound

_SALT = "minigiants.worker.blob"


@dataclass(frozen=True)
class BlobGrant:
    """The right to read one blob, as long as one attempt runs."""

    evaluation_id: UUID
    status: str
    attempt: int
    digest: str


def grant_sign(grant: BlobGrant) -> str:
    """The grant as a token that fits in an address."""
    return signing.dumps(
        [str(grant.evaluation_id), grant.status, grant.attempt, grant.digest], salt=_SALT
    )


def grant_read(token: str) -> BlobGrant:
    """The grant in `token`. Raises NotFound when it is forged or too old."""
    try:
        evaluation_id, status, attempt, digest = signing.loads(
            token, salt=_SALT, max_age=settings.SIGNED_URL_SECONDS
        )
    except signing.BadSignature:
        raise NotFound("This address is not valid, or not any more.") from None
    return BlobGrant(UUID(evaluation_id), status, attempt, digest)
