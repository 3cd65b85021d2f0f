"""Lost workers and lost messages."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.problems import AttemptOver
from minigiants.submissions.reaper import DISPATCH_SECONDS, dispatches_reap, leases_reap
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db


def expire() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Evaluation.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=past)


def test_a_live_lease_is_left_alone() -> None:
    pipeline = Pipeline.start()
    pipeline.claim_predict(queued_submission().evaluations.get())
    assert leases_reap() == 0


def test_a_lost_worker_loses_the_attempt_and_the_next_one_gets_it() -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    job = pipeline.claim_predict(evaluation)
    stored = pipeline.store(job)
    expire()
    assert leases_reap() == 1
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.attempt) == (Status.QUEUED, 2)
    assert evaluation.dispatched_at is None
    with pytest.raises(AttemptOver):
        pipeline.report_predictions(job, predictions=stored)
    pipeline.report_predictions(pipeline.claim_predict(evaluation, attempt=2))


def test_after_the_last_attempt_it_fails_with_the_reason() -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        pipeline.claim_predict(evaluation, attempt=attempt)
        expire()
        assert leases_reap() == 1
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.failure) == (Status.FAILED, "worker_lost")
    assert not evaluation.handed_in.quota_charged


def test_a_lost_score_worker_costs_no_second_prediction() -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    pipeline.claim_score(evaluation)
    expire()
    assert leases_reap() == 1
    evaluation.refresh_from_db()
    assert (evaluation.status, evaluation.attempt) == (Status.SCORING, 2)
    pipeline.report_scores(pipeline.claim_score(evaluation, attempt=2))


def test_a_message_that_nobody_claimed_is_sent_again() -> None:
    evaluation = queued_submission().evaluations.get()
    now = timezone.now()
    Evaluation.objects.update(dispatched_at=now)
    assert dispatches_reap() == 0
    Evaluation.objects.update(dispatched_at=now - timedelta(seconds=DISPATCH_SECONDS + 1))
    assert dispatches_reap() == 1
    evaluation.refresh_from_db()
    assert evaluation.dispatched_at is None
    assert evaluation.attempt == 1
