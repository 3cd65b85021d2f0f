"""Reports: recorded once, in whole, or not at all."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from evaluator.contract import (
    Failure,
    MetricValue,
    PredictJob,
    ScoreJob,
    ScoreReport,
    Split,
    Stage,
    StoredBlob,
)
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.models import Standing
from minigiants.submissions.failures import EXPLANATIONS
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Score, WorkerPresence
from minigiants.submissions.presentation import smoke_log, submission_view
from minigiants.submissions.problems import AttemptOver
from minigiants.submissions.reports import score_report_record
from minigiants.submissions.retries import MOST_HANDED_BACK
from minigiants.submissions.selectors import submission_whole
from minigiants.submissions.services import submission_cancel
from tests.support.factories import member_of, version_change
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def evaluation() -> Evaluation:
    return queued_submission().evaluations.get()


def paused(evaluation: Evaluation) -> int | None:
    """For how many seconds the next attempt is put off; None where it is not."""
    evaluation.refresh_from_db()
    if evaluation.retry_at is None:
        return None
    return math.ceil((evaluation.retry_at - timezone.now()).total_seconds())


def test_the_whole_way(pipeline: Pipeline, evaluation: Evaluation) -> None:
    submission = evaluation.handed_in
    pipeline.run(submission, public=0.91234, private=0.8)
    evaluation.refresh_from_db()
    submission.refresh_from_db()
    assert (evaluation.status, submission.status) == (Status.SCORED, Status.SCORED)
    assert submission.public_score == 0.91234
    assert submission.quota_charged
    assert Score.objects.count() == 4
    assert [change.status for change in submission.changes.all()] == [
        "queued",
        "predicting",
        "scoring",
        "scored",
    ]
    public, private = Standing.objects.order_by("board__split").reverse()
    assert (public.score, private.score) == (0.91234, 0.8)
    assert public.parameters == 650


def test_a_report_counts_once(pipeline: Pipeline, evaluation: Evaluation) -> None:
    job = pipeline.claim_predict(evaluation)
    stored = pipeline.store(job)
    pipeline.report_predictions(job, predictions=stored)
    with pytest.raises(AttemptOver):
        pipeline.report_predictions(job, predictions=stored)
    score_job = pipeline.claim_score(evaluation)
    pipeline.report_scores(score_job, public=0.9)
    with pytest.raises(AttemptOver):
        pipeline.report_scores(score_job, public=1.0)
    assert Standing.objects.get(board__split="public").score == 0.9
    assert Standing.objects.get(board__split="public").entries == 1


def test_a_report_after_cancelling_changes_nothing(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    stored = pipeline.store(job)
    submission = evaluation.handed_in
    submission_cancel(user=member_of(submission.team), submission_id=submission.pk)
    with pytest.raises(AttemptOver):
        pipeline.report_predictions(job, predictions=stored)
    evaluation.refresh_from_db()
    assert evaluation.status == Status.CANCELLED


def test_predictions_must_have_been_stored_by_this_attempt(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    with pytest.raises(InvalidInput):
        pipeline.report_predictions(job, predictions=StoredBlob(digest="0" * 64, size=3))
    evaluation.refresh_from_db()
    assert evaluation.status == Status.PREDICTING


def test_results_are_limited_in_size(pipeline: Pipeline, evaluation: Evaluation) -> None:
    version = evaluation.handed_in.pack_version
    version.specification["runtime"]["limits"]["output_bytes"] = 1024
    version_change(version, version.specification)
    job = pipeline.claim_predict(evaluation)
    with pytest.raises(InvalidInput):
        pipeline.store(job, b"x" * 6000)


def test_scores_must_cover_both_splits(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    job = pipeline.claim_score(evaluation)
    report = ScoreReport(
        attempt=1,
        report_token=job.report_token,
        values=(MetricValue(metric="accuracy", split=Split.PUBLIC, value=1.0),),
    )
    with pytest.raises(InvalidInput):
        score_report_record(evaluation_id=evaluation.pk, report=report)
    assert not Score.objects.exists()


def test_faults_of_ours_are_retried_then_end_without_a_charge(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    pauses = []
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        job = pipeline.claim_predict(evaluation, attempt=attempt)
        pipeline.report_failure(job, Failure.WORKER_FAULT)
        pauses.append(paused(evaluation))
    assert pauses == [10, 60, None]
    evaluation.refresh_from_db()
    submission = evaluation.handed_in
    assert evaluation.status == submission.status == Status.FAILED
    assert evaluation.failure == "worker_fault"
    assert not submission.quota_charged
    assert not submission.failure_charged
    assert submission.changes.filter(status=Status.QUEUED).count() == settings.MAX_ATTEMPTS
    told = [change.reason for change in submission.changes.filter(code="worker_fault")]
    assert told == [
        "A fault of the platform stopped the run. It is tried again after 10 s: attempt 2 of 3.",
        "A fault of the platform stopped the run. It is tried again after 60 s: attempt 3 of 3.",
        "A fault of the platform stopped the run",
    ]


def test_a_pause_is_shown_until_it_is_over(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.WORKER_FAULT)
    evaluation.refresh_from_db()
    view = submission_view(submission_whole(submission_id=evaluation.handed_in.pk))
    assert (view.status, view.retry_at) == ("queued", evaluation.retry_at)
    assert (view.position, view.expected_start, view.error) == (None, None, None)
    Evaluation.objects.update(retry_at=timezone.now())
    view = submission_view(submission_whole(submission_id=evaluation.handed_in.pk))
    assert (view.retry_at, view.position) == (None, 1)


def test_what_is_handed_back_goes_on_at_once_and_counts_for_nothing(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    def hand_back(attempt: int) -> None:
        pipeline.report_failure(
            pipeline.claim_predict(evaluation, attempt=attempt), Failure.HANDED_BACK
        )

    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.WORKER_FAULT)
    for attempt in range(2, 2 + MOST_HANDED_BACK):
        hand_back(attempt)
        assert paused(evaluation) is None
    submission = evaluation.handed_in
    submission.refresh_from_db()
    assert submission.status == Status.QUEUED
    assert submission.changes.filter(code="handed_back").count() == MOST_HANDED_BACK
    # Without an end it is a fault like others, of which it has had one.
    hand_back(2 + MOST_HANDED_BACK)
    assert paused(evaluation) == 60
    hand_back(3 + MOST_HANDED_BACK)
    evaluation.refresh_from_db()
    submission.refresh_from_db()
    assert (evaluation.status, evaluation.failure) == (Status.FAILED, "handed_back")
    assert (submission.quota_charged, submission.failure_charged) == (False, False)


def test_scoring_has_faults_of_its_own(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.HANDED_BACK)
    pipeline.report_predictions(pipeline.claim_predict(evaluation, attempt=2))
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        job = pipeline.claim_score(evaluation, attempt=attempt)
        pipeline.report_failure(job, Failure.WORKER_FAULT)
    evaluation.refresh_from_db()
    assert evaluation.status == Status.FAILED


def test_a_format_that_another_worker_runs_is_left_to_that_one(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    key, now = pipeline.predict_key, timezone.now()
    able = WorkerPresence.objects.create(key=key, name="w", slots=1, formats=["onnx"], seen_at=now)
    for attempt, pause in enumerate((10, 60, 360, 600, 600), start=1):
        job = pipeline.claim_predict(evaluation, attempt=attempt)
        pipeline.report_failure(job, Failure.NEEDS_CONTAINER)
        assert paused(evaluation) == pause
    able.delete()
    pipeline.report_failure(pipeline.claim_predict(evaluation, 6), Failure.NEEDS_CONTAINER)
    view = submission_view(submission_whole(submission_id=evaluation.handed_in.pk))
    assert view.error is not None
    assert (view.error.code, view.error.title) == (
        "needs_container",
        "No worker here runs the format onnx",
    )


def test_scoring_is_retried_without_predicting_again(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    pipeline.report_failure(pipeline.claim_score(evaluation), Failure.WORKER_FAULT)
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.attempt) == (Status.SCORING, 2)
    pipeline.report_scores(pipeline.claim_score(evaluation, attempt=2))
    evaluation.refresh_from_db()
    assert evaluation.status == Status.SCORED


@pytest.mark.parametrize("failure", [Failure.SCORING_FAILED, Failure.NEEDS_CONTAINER])
def test_what_the_model_did_not_cause_charges_nothing(
    pipeline: Pipeline, evaluation: Evaluation, failure: Failure
) -> None:
    predict_job = pipeline.claim_predict(evaluation)
    job: PredictJob | ScoreJob = predict_job
    if failure is Failure.SCORING_FAILED:
        pipeline.report_predictions(predict_job)
        job = pipeline.claim_score(evaluation)
    pipeline.report_failure(job, failure)
    submission = evaluation.handed_in
    submission.refresh_from_db()
    assert submission.status == Status.FAILED
    assert (submission.quota_charged, submission.failure_charged) == (False, False)


def test_a_failed_score_never_ranks(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    pipeline.report_failure(pipeline.claim_score(evaluation), Failure.SCORING_FAILED)
    assert not Standing.objects.exists()


def test_the_team_sees_the_smoke_log_and_nothing_of_the_hidden_run(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    pipeline.run(evaluation.handed_in, public=0.9, private=0.123456)
    submission = submission_whole(submission_id=evaluation.handed_in.pk)
    view = submission_view(submission)
    assert smoke_log(submission) == "hello from the smoke run"
    assert "SECRET" not in repr(view)
    assert "0.123456" not in repr(view)
    assert view.measurements is not None
    assert view.measurements["latency_seconds"] == 0.0012
    assert (view.score_shown, view.rank) == ("0.9000", 1)


@pytest.mark.parametrize(
    ("failure", "stage", "told"),
    [
        (Failure.TIMED_OUT, Stage.STARTING, "Loading the model took longer than 40 s. "),
        (Failure.TIMED_OUT, Stage.HIDDEN, "the hidden inputs took longer than 120.5 s. "),
        (Failure.OUT_OF_MEMORY, Stage.HIDDEN, "The model needed more than 512 MiB of memory. "),
        (Failure.IMPOSSIBLE_BYTE, Stage.HIDDEN, "the model had given no probability at all. "),
        (Failure.WORKER_LOST, None, "Each worker that took this submission "),
    ],
)
def test_a_failure_names_its_stage_and_the_limit_of_the_pack(
    pipeline: Pipeline, evaluation: Evaluation, failure: Failure, stage: Stage | None, told: str
) -> None:
    version = evaluation.handed_in.pack_version
    version.specification["runtime"]["limits"] |= {
        "load_seconds": 40,
        "hidden_seconds": 120.5,
        "memory_bytes": 512 * 1024**2,
    }
    version_change(version, version.specification)
    Evaluation.objects.filter(pk=evaluation.pk).update(attempt=settings.MAX_ATTEMPTS)
    job = pipeline.claim_predict(evaluation, attempt=settings.MAX_ATTEMPTS)
    pipeline.report_failure(job, failure, stage=stage)

    error = submission_view(submission_whole(submission_id=evaluation.handed_in.pk)).error
    assert error is not None
    assert error.code == failure
    assert told in error.why
    assert error.why.endswith(EXPLANATIONS[failure].why)


def test_a_failure_is_explained_without_its_detail(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    pipeline.report_failure(pipeline.claim_predict(evaluation), Failure.CRASHED)
    view = submission_view(submission_whole(submission_id=evaluation.handed_in.pk))
    assert view.error is not None
    assert view.error.code == "crashed"
    assert view.error.mend
    assert "SECRET" not in repr(view)


@pytest.mark.django_db(transaction=True)
def test_of_many_reports_at_once_exactly_one_is_recorded() -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    job = pipeline.claim_score(evaluation)

    def try_one(number: int) -> bool:
        try:
            pipeline.report_scores(job, public=number / 10)
        except AttemptOver:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(8))) == 1
    assert Score.objects.count() == 4
    assert evaluation.handed_in.changes.filter(status=Status.SCORED).count() == 1
