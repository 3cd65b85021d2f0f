"""Claims: who gets an attempt, what a job reveals, and how long it lasts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from evaluator.contract import ClaimRequest, Failure, Heartbeat, PredictJob, Role, Stage
from minigiants.competitions.models import PackFile, PackVersion
from minigiants.core.problems import NotAuthenticated, NotFound
from minigiants.submissions import claims
from minigiants.submissions.blobs import blob_granted
from minigiants.submissions.claims import evaluation_claim, evaluation_heartbeat
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.problems import AttemptOver, ClaimLost
from minigiants.submissions.services import submission_cancel
from minigiants.submissions.workers import worker_authenticate, worker_key_register
from tests.support.factories import member_of
from tests.support.pipeline import PREDICT_SECRET, Pipeline, queued_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def evaluation() -> Evaluation:
    return queued_submission().evaluations.get()


def token_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


def test_a_claim_takes_the_attempt_with_a_lease(pipeline: Pipeline, evaluation: Evaluation) -> None:
    job = pipeline.claim_predict(evaluation)
    evaluation.refresh_from_db()
    assert evaluation.status == Status.PREDICTING
    assert evaluation.handed_in.status == Status.PREDICTING
    assert evaluation.lease_expires_at
    assert evaluation.lease_expires_at > timezone.now()
    assert evaluation.worker == "worker-1"
    assert job.report_token not in evaluation.report_token_digest


def test_a_predict_job_names_no_label(pipeline: Pipeline, evaluation: Evaluation) -> None:
    job = pipeline.claim_predict(evaluation)
    labels = PackFile.objects.get(role=PackFile.Role.LABELS)
    assert job.smoke_inputs is not None
    assert job.hidden_inputs is not None
    offered = {file.digest for file in (*job.artifact, job.smoke_inputs, job.hidden_inputs)}
    assert labels.digest not in offered
    assert labels.digest not in job.model_dump_json()
    assert labels.path not in job.model_dump_json()


def test_signed_addresses_open_their_blob_while_the_attempt_runs(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    assert job.hidden_inputs is not None
    token = token_of(job.hidden_inputs.url)
    assert blob_granted(token=token).digest == job.hidden_inputs.digest
    pipeline.report_predictions(job)
    with pytest.raises(AttemptOver):
        blob_granted(token=token)


def test_a_forged_or_old_address_opens_nothing(
    pipeline: Pipeline, evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(pipeline.claim_predict(evaluation).artifact[0].url)
    with pytest.raises(NotFound):
        blob_granted(token=token[:-1] + ("A" if token[-1] != "A" else "B"))
    monkeypatch.setattr(settings, "SIGNED_URL_SECONDS", -1)
    with pytest.raises(NotFound):
        blob_granted(token=token)


def test_another_profile_gets_nothing(pipeline: Pipeline, evaluation: Evaluation) -> None:
    key = worker_key_register(role=Role.PREDICT, profile="gpu", name="g", secret="g" * 32)
    with pytest.raises(ClaimLost):
        evaluation_claim(
            key=key,
            evaluation_id=evaluation.pk,
            request=ClaimRequest(attempt=1, worker="w", claim=uuid4()),
        )


def test_a_predict_worker_cannot_claim_scoring(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    with pytest.raises(ClaimLost):
        pipeline.claim_predict(evaluation)


def test_a_score_worker_cannot_claim_predicting(pipeline: Pipeline, evaluation: Evaluation) -> None:
    with pytest.raises(ClaimLost):
        pipeline.claim_score(evaluation)


def test_a_wrong_attempt_is_lost(pipeline: Pipeline, evaluation: Evaluation) -> None:
    with pytest.raises(ClaimLost):
        pipeline.claim_predict(evaluation, attempt=2)


def claim_of(pipeline: Pipeline, evaluation: Evaluation, request: ClaimRequest) -> PredictJob:
    job = evaluation_claim(key=pipeline.predict_key, evaluation_id=evaluation.pk, request=request)
    assert isinstance(job, PredictJob)
    return job


def test_a_claim_whose_answer_was_lost_gets_the_same_job_again(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    request = ClaimRequest(attempt=1, worker="w", claim=uuid4())
    lost = claim_of(pipeline, evaluation, request)
    soon = timezone.now() + timedelta(seconds=1)
    Evaluation.objects.update(lease_expires_at=soon)
    again = claim_of(pipeline, evaluation, request)
    assert again.report_token == lost.report_token
    evaluation.refresh_from_db()
    assert evaluation.lease_expires_at
    assert evaluation.lease_expires_at > soon
    assert evaluation.handed_in.changes.filter(status=Status.PREDICTING).count() == 1
    # A message that came twice makes another claim of the same worker.
    with pytest.raises(ClaimLost):
        claim_of(pipeline, evaluation, request.model_copy(update={"claim": uuid4()}))
    pipeline.report_predictions(again)
    with pytest.raises(ClaimLost):
        claim_of(pipeline, evaluation, request)


def test_a_job_that_can_not_be_built_is_a_fault_of_ours(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    labels = PackFile.objects.get(role=PackFile.Role.LABELS)
    labels.delete()
    with pytest.raises(ClaimLost, match="can't be built"):
        pipeline.claim_score(evaluation)
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.attempt) == (Status.SCORING, 2)
    assert evaluation.lease_expires_at is None
    assert evaluation.retry_at is not None
    assert "The job can't be built. KeyError" in evaluation.host_detail
    labels.save()
    pipeline.report_scores(pipeline.claim_score(evaluation, attempt=2))
    evaluation.refresh_from_db()
    assert evaluation.status == Status.SCORED


def test_a_job_that_can_never_be_built_does_not_wait_for_ever(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    PackVersion.objects.update(specification={}, content_hash="of a later release")
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        with pytest.raises(ClaimLost, match="can't be built"):
            pipeline.claim_predict(evaluation, attempt=attempt)
    submission = evaluation.handed_in
    submission.refresh_from_db()
    assert (submission.status, submission.quota_charged) == (Status.FAILED, False)
    assert submission.changes.latest("at").code == Failure.WORKER_FAULT


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_a_database_that_fails_takes_nothing(
    pipeline: Pipeline,
    evaluation: Evaluation,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[Exception],
) -> None:
    def away(_evaluation: Evaluation, **_options: Any) -> None:
        raise fault("the connection is lost")

    monkeypatch.setattr(claims, "predict_job", away)
    with pytest.raises(fault):
        pipeline.claim_predict(evaluation)
    monkeypatch.undo()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))


def test_heartbeats_renew_the_lease_and_tell_the_stage(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    soon = timezone.now() + timedelta(seconds=1)
    Evaluation.objects.update(lease_expires_at=soon)
    beat = Heartbeat(attempt=1, report_token=job.report_token, stage=Stage.SMOKE)
    answer = evaluation_heartbeat(evaluation_id=evaluation.pk, heartbeat=beat)
    evaluation.refresh_from_db()
    assert answer.proceed
    assert evaluation.lease_expires_at
    assert evaluation.lease_expires_at > soon
    assert evaluation.stage == "smoke"


def test_a_heartbeat_learns_that_the_submission_was_cancelled(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    submission = evaluation.handed_in
    submission_cancel(user=member_of(submission.team), submission_id=submission.pk)
    beat = Heartbeat(attempt=1, report_token=job.report_token, stage=Stage.HIDDEN)
    assert not evaluation_heartbeat(evaluation_id=evaluation.pk, heartbeat=beat).proceed
    evaluation.refresh_from_db()
    assert evaluation.lease_expires_at is None


def test_a_stolen_evaluation_id_is_worth_nothing_without_the_token(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    beat = Heartbeat(attempt=1, report_token="x" * 43, stage=Stage.HIDDEN)
    assert not evaluation_heartbeat(evaluation_id=evaluation.pk, heartbeat=beat).proceed
    other = pipeline.claim_predict(queued_submission().evaluations.get())
    stolen = job.model_copy(update={"report_token": other.report_token})
    with pytest.raises(AttemptOver):
        pipeline.store(stolen)


def test_keys_authenticate_rotate_and_are_never_stored(pipeline: Pipeline) -> None:
    assert worker_authenticate(secret=PREDICT_SECRET) == pipeline.predict_key
    assert PREDICT_SECRET not in pipeline.predict_key.digest
    worker_key_register(role=Role.PREDICT, profile="cpu", name="test", secret="n" * 32)
    with pytest.raises(NotAuthenticated):
        worker_authenticate(secret=PREDICT_SECRET)
    with pytest.raises(ValueError, match="32 characters"):
        worker_key_register(role=Role.PREDICT, profile="cpu", name="test", secret="short")


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_exactly_one_gets_the_attempt() -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()

    def try_one(number: int) -> bool:
        try:
            pipeline.claim_predict(evaluation)
        except ClaimLost:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(8))) == 1
    assert evaluation.handed_in.changes.filter(status=Status.PREDICTING).count() == 1
