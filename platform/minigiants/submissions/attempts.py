"""Running attempts, found by the token that each was issued."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from minigiants.core.queries import one_or_none
from minigiants.submissions.models import Evaluation
from minigiants.submissions.problems import AttemptOver


def token_digest(token: str) -> str:
    """What is stored of a report token."""
    return hashlib.sha256(token.encode()).hexdigest()


def attempt_of(
    *, evaluation_id: UUID, token: str, attempt: int | None = None, beside: Sequence[str] = ()
) -> Evaluation:
    """The evaluation whose running attempt `token` was issued for. Raises AttemptOver.

    `beside` names what is fetched with it, as `select_related` takes it.
    """
    running = Evaluation.objects.filter(
        pk=evaluation_id,
        report_token_digest=token_digest(token),
        lease_expires_at__isnull=False,
    )
    evaluation = one_or_none(running.select_related(*beside) if beside else running)
    if evaluation is None or (attempt is not None and evaluation.attempt != attempt):
        raise AttemptOver("It was reported, cancelled, or given to another worker.")
    return evaluation
