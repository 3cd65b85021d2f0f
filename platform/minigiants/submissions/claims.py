"""A worker takes an attempt, and keeps it as long as it answers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from evaluator.contract import (
    PREDICTIONS,
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    MetricLimits,
    PredictJob,
    Role,
    ScoreJob,
    SignedFile,
)
from minigiants.artifacts.models import Blob
from minigiants.competitions.models import PackFile, PackVersion
from minigiants.core.queries import one_or_none
from minigiants.submissions.evaluated_models import files_of, format_of
from minigiants.submissions.lifecycle import Status, advance
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Evaluation, Submission, WorkerKey
from minigiants.submissions.problems import AttemptOver, ClaimLost
from minigiants.submissions.services import change_record
from minigiants.submissions.signing import BlobGrant, grant_sign

STATUS_OF_ROLE = {Role.PREDICT: Status.PREDICTING, Role.SCORE: Status.SCORING}


def token_digest(token: str) -> str:
    """What is stored of a report token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _report_token(evaluation_id: UUID, status: Status, request: ClaimRequest) -> str:
    """The report token of one claim: the same however often it is sent, and told by nobody else."""
    claim = f"{evaluation_id}/{status}/{request.attempt}/{request.claim}"
    return salted_hmac("minigiants.worker.report", claim, algorithm="sha256").hexdigest()


@transaction.atomic
def evaluation_claim(
    *, key: WorkerKey, evaluation_id: UUID, request: ClaimRequest
) -> PredictJob | ScoreJob:
    """Give the attempt to the worker behind `key`, if it is still to be had. Raises ClaimLost.

    A claim whose answer was lost may be sent again: it gets the same job. One whose job can't be
    built takes nothing.
    """
    role = Role(key.role)
    evaluation = one_or_none(
        Evaluation.objects.select_related(
            "submission__pack_version", "submission__artifact", "trial_run"
        ).filter(pk=evaluation_id)
    )
    if evaluation is None or (role is Role.PREDICT and evaluation.profile != key.profile):
        raise ClaimLost("There is no such work for this worker.")
    token = _report_token(evaluation_id, STATUS_OF_ROLE[role], request)
    if _taken(evaluation, role, request, token):
        _follow(evaluation, role)
    elif not _held(evaluation, role, request, token):
        raise ClaimLost("It was claimed by another worker, or has moved on.")
    build = _predict_job if role is Role.PREDICT else _score_job
    return build(evaluation, attempt=request.attempt, token=token)


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


@dataclass(frozen=True)
class _Addresses:
    """The addresses that a job carries, relative to the platform as the worker reaches it."""

    evaluation_id: UUID
    status: Status
    attempt: int

    def blob(self, path: str, digest: str, size: int) -> SignedFile:
        token = grant_sign(BlobGrant(self.evaluation_id, self.status, self.attempt, digest))
        url = f"/api/v1/worker/blobs/{token}"
        return SignedFile(path=path, digest=digest, size=size, url=url)

    def file(self, file: PackFile | None) -> SignedFile | None:
        return None if file is None else self.blob(file.path, file.digest, file.size)

    def of(self, action: str) -> str:
        return f"/api/v1/worker/evaluations/{self.evaluation_id}/{action}"


def _files_in(version: PackVersion, *roles: PackFile.Role) -> dict[str, PackFile]:
    """The files of a version in roles that at most one file has, by role."""
    return {file.role: file for file in version.files.filter(role__in=roles)}


def _predict_job(evaluation: Evaluation, *, attempt: int, token: str) -> PredictJob:
    spec = evaluation.version.spec
    addresses = _Addresses(evaluation.pk, Status.PREDICTING, attempt)
    files = _files_in(evaluation.version, PackFile.Role.SMOKE_INPUTS, PackFile.Role.HIDDEN_INPUTS)
    return PredictJob(
        evaluation=evaluation.pk,
        attempt=attempt,
        task=spec.task,
        format=format_of(evaluation),
        limits=spec.runtime.limits,
        seed=spec.runtime.seed,
        artifact=tuple(
            addresses.blob(file.path, file.digest, file.size) for file in files_of(evaluation)
        ),
        smoke_inputs=addresses.file(files.get(PackFile.Role.SMOKE_INPUTS)),
        hidden_inputs=addresses.file(files.get(PackFile.Role.HIDDEN_INPUTS)),
        heartbeat_url=addresses.of("heartbeat"),
        report_url=addresses.of("report"),
        upload_url=addresses.of("blob"),
        report_token=token,
        lease_seconds=settings.LEASE_SECONDS,
    )


def _score_job(evaluation: Evaluation, *, attempt: int, token: str) -> ScoreJob:
    spec = evaluation.version.spec
    addresses = _Addresses(evaluation.pk, Status.SCORING, attempt)
    files = _files_in(evaluation.version, PackFile.Role.LABELS, PackFile.Role.METRIC_CODE)
    labels = files[PackFile.Role.LABELS]
    predictions = Blob.objects.get(pk=evaluation.predictions_digest)
    handed_in = format_of(evaluation) == PREDICTIONS
    return ScoreJob(
        evaluation=evaluation.pk,
        attempt=attempt,
        task=spec.task,
        metrics=tuple(metric.as_metric() for metric in spec.metrics),
        labels=addresses.blob(labels.path, labels.digest, labels.size),
        predictions=addresses.blob(
            "predictions.csv" if handed_in else "predictions", predictions.digest, predictions.size
        ),
        metric_code=addresses.file(files.get(PackFile.Role.METRIC_CODE)),
        metric_limits=MetricLimits() if spec.metric is None else spec.metric.limits,
        heartbeat_url=addresses.of("heartbeat"),
        report_url=addresses.of("report"),
        upload_url=addresses.of("blob"),
        report_token=token,
        lease_seconds=settings.LEASE_SECONDS,
    )


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
