"""A worker takes an attempt, and keeps it as long as it answers."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseFault
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evaluator.contract import (
    ClaimRequest,
    Failure,
    Heartbeat,
    HeartbeatAnswer,
    PredictJob,
    Role,
    ScoreJob,
    Stage,
)
from minigiants.core.queries import one_or_none
from minigiants.submissions.attempts import attempt_of, token_digest
from minigiants.submissions.jobs import predict_job, score_job
from minigiants.submissions.lifecycle import Status, advance
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Evaluation, Submission, WorkerKey
from minigiants.submissions.problems import AttemptOver, ClaimLost
from minigiants.submissions.reports import evaluation_fail
from minigiants.submissions.services import change_record

STATUS_OF_ROLE = {Role.PREDICT: Status.PREDICTING, Role.SCORE: Status.SCORING}

logger = logging.getLogger(__name__)


def _report_token(evaluation_id: UUID, status: Status, request: ClaimRequest) -> str:
    """The report token of one claim: the same however often it is sent, and told by nobody else."""
    claim = f"{evaluation_id}/{status}/{request.attempt}/{request.claim}"
    return salted_hmac("minigiants.worker.report", claim, algorithm="sha256").hexdigest()


def evaluation_claim(
    *, key: WorkerKey, evaluation_id: UUID, request: ClaimRequest
) -> PredictJob | ScoreJob:
    """Give the attempt to the worker behind `key`, if it is still to be had. Raises ClaimLost.

    A claim whose answer was lost may be sent again: it gets the same job. An attempt whose job
    can't be built ends with a fault of ours, as it would at each worker: nothing waits for ever.
    """
    role = Role(key.role)
    token = _report_token(evaluation_id, STATUS_OF_ROLE[role], request)
    with transaction.atomic():
        evaluation = one_or_none(
            Evaluation.objects.select_related(
                "submission__pack_version", "submission__artifact", "trial_run"
            ).filter(pk=evaluation_id)
        )
        if evaluation is None or (role is Role.PREDICT and evaluation.profile != key.profile):
            raise ClaimLost("There is no such work for this worker.")
        if _taken(evaluation, role, request, token):
            _follow(evaluation, role)
        elif not _held(evaluation, role, request, token):
            raise ClaimLost("It was claimed by another worker, or has moved on.")
        job = _job_or_fault(evaluation, role, request, token)
    if job is None:
        raise ClaimLost("Its job can't be built.")
    return job


def _job_or_fault(
    evaluation: Evaluation, role: Role, request: ClaimRequest, token: str
) -> PredictJob | ScoreJob | None:
    """The job of an attempt that was taken. None if it can't be built, and then the attempt fails.

    What the database raises goes on: another try may find it well again.
    """
    build = predict_job if role is Role.PREDICT else score_job
    try:
        return build(evaluation, attempt=request.attempt, token=token)
    except DatabaseFault:
        raise
    except Exception as error:  # whatever it is, it would come again
        logger.exception("The job of the evaluation %s can't be built", evaluation.pk)
        evaluation.refresh_from_db(fields=["attempt", "excused"])
        evaluation_fail(
            evaluation,
            current=STATUS_OF_ROLE[role],
            failure=Failure.WORKER_FAULT,
            failed_stage=Stage.FETCHING if role is Role.PREDICT else Stage.SCORING,
            host_detail=f"The job can't be built. {type(error).__name__}: {error}",
        )
        return None


def _taken(evaluation: Evaluation, role: Role, request: ClaimRequest, token: str) -> bool:
    return advance(
        Evaluation.objects.all(),
        evaluation_id=evaluation.pk,
        current=Status.QUEUED if role is Role.PREDICT else Status.SCORING,
        attempt=request.attempt,
        to=STATUS_OF_ROLE[role],
        unclaimed=True,
        lease_expires_at=_lease_end(),
        claimed_at=timezone.now(),
        retry_at=None,
        worker=request.worker,
        report_token_digest=token_digest(token),
        stage="",
    )


def _held(evaluation: Evaluation, role: Role, request: ClaimRequest, token: str) -> bool:
    """Whether this very claim took the attempt before and holds it still; if so, the lease is new.

    A worker's name would not tell: a message that came twice is two claims of one worker.
    """
    held = Evaluation.objects.filter(
        pk=evaluation.pk,
        status=STATUS_OF_ROLE[role],
        attempt=request.attempt,
        report_token_digest=token_digest(token),
        lease_expires_at__isnull=False,
    )
    return held.update(lease_expires_at=_lease_end()) == 1


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


def _follow(evaluation: Evaluation, role: Role) -> None:
    """Let the submission follow where there is one, and have the next message go out at once."""
    submission = evaluation.follower
    if role is Role.SCORE or submission is None:
        announce_change(evaluation.subject_id)
        return
    Submission.objects.filter(pk=submission.pk).update(
        status=Status.PREDICTING, updated_at=timezone.now()
    )
    change_record(submission, evaluation, Status.PREDICTING)


def evaluation_heartbeat(*, evaluation_id: UUID, heartbeat: Heartbeat) -> HeartbeatAnswer:
    """Renew the lease of a running attempt; `proceed` is false when it is over."""
    try:
        evaluation = attempt_of(
            evaluation_id=evaluation_id, token=heartbeat.report_token, attempt=heartbeat.attempt
        )
    except AttemptOver:
        return HeartbeatAnswer(proceed=False, lease_seconds=0)
    renewed = Evaluation.objects.filter(
        pk=evaluation.pk,
        attempt=heartbeat.attempt,
        report_token_digest=token_digest(heartbeat.report_token),
    ).update(
        lease_expires_at=_lease_end(),
        stage=heartbeat.stage,
    )
    if renewed and evaluation.stage != heartbeat.stage:
        announce_change(evaluation.subject_id)
    return HeartbeatAnswer(proceed=bool(renewed), lease_seconds=settings.LEASE_SECONDS)
