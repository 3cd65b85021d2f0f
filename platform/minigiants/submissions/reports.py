"""Recording what workers report: once, in one transaction, or not at all."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluator.contract import (
    PARTICIPANT_FAILURES,
    Failure,
    PredictReport,
    ScoreReport,
    Split,
    StoredBlob,
)
from minigiants.artifacts.models import Blob
from minigiants.core.models import OutboxEvent
from minigiants.core.outbox import outbox_write
from minigiants.core.problems import InvalidInput
from minigiants.submissions.attempts import attempt_of
from minigiants.submissions.evaluated_models import format_of
from minigiants.submissions.failures import explanation_of
from minigiants.submissions.lifecycle import Status, advance
from minigiants.submissions.live import announce_change
from minigiants.submissions.models import Evaluation, Score, Submission
from minigiants.submissions.problems import AttemptOver
from minigiants.submissions.retries import retry_of
from minigiants.submissions.scored import score_enter
from minigiants.submissions.services import change_record

SCORING_FAILED_EVENT = "competition.scoring_failed"
HOSTS_TOLD_EVERY = timedelta(hours=1)
"""A metric that fails on one submission is likely to fail on the next."""

# What ends an attempt for good: nobody holds it, and its token opens nothing any more.
_RELEASED: Mapping[str, Any] = {
    "lease_expires_at": None,
    "dispatched_at": None,
    "report_token_digest": "",
    "worker": "",
    "stage": "",
}


@transaction.atomic
def predict_report_record(*, evaluation_id: UUID, report: PredictReport) -> None:
    """Record the end of an attempt to predict. Raises AttemptOver when it is not running."""
    evaluation = attempt_of(
        evaluation_id=evaluation_id,
        token=report.report_token,
        attempt=report.attempt,
        beside=["submission"],
    )
    kept = {
        "smoke_log": report.smoke_log,
        "host_log": report.host_log,
        "measurements": (
            report.measurements.model_dump(mode="json") if report.measurements else {}
        ),
    }
    if report.failure is not None:
        evaluation_fail(
            evaluation,
            current=Status.PREDICTING,
            failure=report.failure,
            failed_stage=report.failed_stage or "",
            host_detail=report.failure_detail,
            **kept,
        )
        return
    if report.predictions is None:
        raise InvalidInput("The report names neither predictions nor a failure.")
    if evaluation.predictions_digest != report.predictions.digest:
        raise InvalidInput("These predictions were not stored by this attempt.")
    _move(
        evaluation,
        Status.PREDICTING,
        Status.SCORING,
        next_attempt=1,
        excused=0,
        **_RELEASED,
        **kept,
    )
    _submission_follow(evaluation, Status.SCORING)


@transaction.atomic
def score_report_record(*, evaluation_id: UUID, report: ScoreReport) -> None:
    """Record the scores, and with them the standings. Raises AttemptOver."""
    evaluation = attempt_of(
        evaluation_id=evaluation_id,
        token=report.report_token,
        attempt=report.attempt,
        beside=["submission__pack_version"],
    )
    if report.failure is not None:
        evaluation_fail(
            evaluation,
            current=Status.SCORING,
            failure=report.failure,
            failed_stage="scoring",
            host_detail=report.failure_detail,
            participant_detail=report.participant_detail,
            **({"host_log": report.host_log} if report.host_log else {}),
        )
        return
    spec = evaluation.version.spec
    metric = spec.ranking_metric
    ranking = {value.split: value.value for value in report.values if value.metric == metric.name}
    if set(ranking) != set(Split):
        raise InvalidInput(f"The report lacks {metric.name} on a split.")
    _move(
        evaluation,
        Status.SCORING,
        Status.SCORED,
        finished_at=timezone.now(),
        losses_digest=report.losses.digest if report.losses else "",
        **_RELEASED,
    )
    Score.objects.bulk_create(
        Score(evaluation=evaluation, metric=value.metric, split=value.split, value=value.value)
        for value in report.values
    )
    _submission_follow(evaluation, Status.SCORED, public_score=ranking[Split.PUBLIC])
    if evaluation.follower is None:
        return
    # The row is locked now, so this is whose it is: a merge of teams comes before or after.
    submission = Submission.objects.select_related(
        "team", "phase", "division", "artifact", "inspection"
    ).get(pk=evaluation.follower.pk)
    released = score_enter(
        submission,
        evaluation,
        ranking,
        losses_digest=report.losses.digest if report.losses else "",
    )
    if released != ranking[Split.PUBLIC]:
        Submission.objects.filter(pk=submission.pk).update(public_score=released)


def evaluation_fail(
    evaluation: Evaluation,
    *,
    current: Status,
    failure: Failure,
    failed_stage: str,
    host_detail: str,
    **kept: Any,
) -> None:
    """End an attempt with `failure`: try again where that may help, else end the evaluation.

    Runs in the caller's transaction. Raises AttemptOver when the attempt is not running any more.
    """
    retry = retry_of(evaluation, failure)
    released = {**_RELEASED, "host_detail": host_detail, **kept}
    if retry is not None:
        again = Status.QUEUED if current is Status.PREDICTING else Status.SCORING
        _move(
            evaluation,
            current,
            again,
            next_attempt=evaluation.attempt + 1,
            excused=retry.excused,
            retry_at=timezone.now() + retry.pause if retry.pause else None,
            **released,
        )
        _submission_follow(evaluation, again, code=failure, reason=retry.reason)
        return
    title = explanation_of(failure, format_of(evaluation)).title
    _move(
        evaluation,
        current,
        Status.FAILED,
        failure=failure,
        failed_stage=failed_stage,
        finished_at=timezone.now(),
        **released,
    )
    _submission_follow(
        evaluation,
        Status.FAILED,
        code=failure,
        reason=title,
        quota_charged=False,
        failure_charged=failure in PARTICIPANT_FAILURES,
    )
    # Of a trial its hosts are told at its end.
    if failure is Failure.SCORING_FAILED and evaluation.submission_id is not None:
        _tell_hosts(evaluation)


def _tell_hosts(evaluation: Evaluation) -> None:
    """Have the hosts told that scoring fails: once in a while, not for each submission."""
    version = str(evaluation.version.pk)
    told = OutboxEvent.objects.filter(
        kind=SCORING_FAILED_EVENT,
        payload__version=version,
        created_at__gt=timezone.now() - HOSTS_TOLD_EVERY,
    )
    if not told.exists():
        outbox_write(
            kind=SCORING_FAILED_EVENT,
            payload={"submission": str(evaluation.submission_id), "version": version},
        )


def _move(evaluation: Evaluation, current: Status, to: Status, **changes: Any) -> None:
    moved = advance(
        Evaluation.objects.all(),
        evaluation_id=evaluation.pk,
        current=current,
        attempt=evaluation.attempt,
        to=to,
        unclaimed=False,
        **changes,
    )
    if not moved:
        raise AttemptOver("It was reported, cancelled, or given to another worker.")


def _submission_follow(
    evaluation: Evaluation, status: Status, *, code: str = "", reason: str = "", **changes: Any
) -> None:
    """Let the submission follow its evaluation, if one does, and write the step down."""
    submission = evaluation.follower
    if submission is None:
        announce_change(evaluation.subject_id)
        return
    Submission.objects.filter(pk=submission.pk).update(
        status=status, updated_at=timezone.now(), **changes
    )
    change_record(submission, evaluation, status, code=code, reason=reason)


def blob_record(*, evaluation_id: UUID, token: str, blob: StoredBlob) -> None:
    """Note what a running attempt has stored. Raises AttemptOver."""
    evaluation = attempt_of(evaluation_id=evaluation_id, token=token)
    Blob.objects.bulk_create([Blob(digest=blob.digest, size=blob.size)], ignore_conflicts=True)
    if evaluation.status == Status.PREDICTING:
        Evaluation.objects.filter(
            pk=evaluation.pk, status=Status.PREDICTING, attempt=evaluation.attempt
        ).update(predictions_digest=blob.digest)
