"""Taking back what lost workers held, and what never reached one."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluator.contract import Failure
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.problems import AttemptOver
from minigiants.submissions.reports import evaluation_fail

DISPATCH_SECONDS = 60
"""How long a message may take to be claimed before it counts as lost."""


def leases_reap() -> int:
    """Take back every attempt whose lease has run out. Returns how many."""
    expired = Evaluation.objects.filter(
        lease_expires_at__lte=timezone.now(), status__in=[Status.PREDICTING, Status.SCORING]
    ).values_list("pk", flat=True)
    return sum(_reap(pk) for pk in expired)


def _reap(evaluation_id: UUID) -> bool:
    with transaction.atomic():
        # A report or heartbeat that comes at this moment waits, or is waited for, here.
        evaluation = (
            Evaluation.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("submission__pack_version")
            .filter(pk=evaluation_id, lease_expires_at__lte=timezone.now())
            .first()
        )
        if evaluation is None:
            return False
        try:
            evaluation_fail(
                evaluation,
                current=Status(evaluation.status),
                failure=Failure.WORKER_LOST,
                failed_stage=evaluation.stage,
                host_detail=f"The lease of worker {evaluation.worker} ran out.",
            )
        except AttemptOver:
            return False
    return True


def dispatches_reap() -> int:
    """Make evaluations whose message was never claimed ready to be sent again."""
    horizon = timezone.now() - timedelta(seconds=DISPATCH_SECONDS)
    return Evaluation.objects.filter(
        dispatched_at__lte=horizon,
        lease_expires_at__isnull=True,
        status__in=[Status.QUEUED, Status.SCORING],
    ).update(dispatched_at=None)
