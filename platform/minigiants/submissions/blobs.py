"""Bytes that workers fetch and store."""

from typing import Protocol
from uuid import UUID

from django.db import transaction

from evaluator.blob_hash import BlobHash
from evaluator.contract import PART_BYTES, PREDICTIONS, StoredBlob
from minigiants.core.blob_digests import blobs_hold
from minigiants.core.blobstore import blob_store, staging_folder
from minigiants.core.problems import InvalidInput
from minigiants.submissions.attempts import attempt_of
from minigiants.submissions.evaluated_models import files_of, format_of
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.problems import AttemptOver
from minigiants.submissions.reports import blob_record
from minigiants.submissions.signing import BlobGrant, grant_read

PREDICTIONS_OVERHEAD = 4096
"""What a model's predictions may have beyond the output's own limit: their file's header."""

EVIDENCE_BYTES = 1024**3
"""What the losses behind a score may have: they grow with the examples, not with the output."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = ..., /) -> bytes:
        """At most `size` bytes; none at the end."""


def blob_granted(*, token: str) -> BlobGrant:
    """The grant of a signed address, while its attempt runs. Raises NotFound, AttemptOver."""
    grant = grant_read(token)
    running = Evaluation.objects.filter(
        pk=grant.evaluation_id,
        status=grant.status,
        attempt=grant.attempt,
        lease_expires_at__isnull=False,
    )
    if not running.exists():
        raise AttemptOver("The attempt that this address was signed for is over.")
    return grant


def result_bytes_allowed(*, evaluation_id: UUID, token: str) -> int:
    """How large the result of a running attempt may be. Raises AttemptOver."""
    evaluation = attempt_of(
        evaluation_id=evaluation_id,
        token=token,
        beside=["submission__pack_version", "submission__artifact", "trial_run"],
    )
    if evaluation.status == Status.SCORING:
        return EVIDENCE_BYTES
    if format_of(evaluation) == PREDICTIONS:  # the file itself is passed on
        return sum(file.size for file in files_of(evaluation))
    return evaluation.version.spec.runtime.limits.output_bytes + PREDICTIONS_OVERHEAD


def result_store(*, evaluation_id: UUID, token: str, body: Readable) -> StoredBlob:
    """Store what a running attempt has computed. Raises AttemptOver, InvalidInput."""
    most = result_bytes_allowed(evaluation_id=evaluation_id, token=token)
    hashed = BlobHash()
    with staging_folder() as folder:
        target = folder / "result"
        with target.open("wb") as out:
            while chunk := body.read(PART_BYTES):
                hashed.update(chunk)
                if hashed.size > most:
                    raise InvalidInput(f"The result is larger than {most:,} bytes.")
                out.write(chunk)
        blob = hashed.blob()
        with transaction.atomic():
            blobs_hold([blob.digest])
            # Even where it lies there already: a result is named only by the report that follows,
            # and nothing that was just stored is collected.
            blob_store().adopt(target, blob.digest)
            blob_record(evaluation_id=evaluation_id, token=token, blob=blob)
    return blob
