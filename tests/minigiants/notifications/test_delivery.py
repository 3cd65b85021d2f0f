"""Mails on results, through a real mail server on the loopback interface."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pytest_django import Settings

from evaluator.contract import Failure
from minigiants.competitions.models import Host
from minigiants.core.models import OutboxEvent
from minigiants.core.outbox import MAX_ATTEMPTS, outbox_waiting, outbox_write
from minigiants.notifications.services import outbox_deliver
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Rescore, Submission
from minigiants.submissions.rescoring import RESCORED_CODE, RESCORED_EVENT
from minigiants.submissions.services import change_record
from tests.support.factories import UserFactory
from tests.support.mail_server import MailServer
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

Counted = Callable[[int], AbstractContextManager[Any]]


@pytest.fixture
def submission() -> Submission:
    submission = queued_submission()
    submission.submitted_by.wants_result_mail = True
    submission.submitted_by.save()
    return submission


def test_a_score_is_mailed_once(mailbox: MailServer, submission: Submission) -> None:
    Pipeline.start().run(submission, public=0.9)
    assert outbox_deliver() == 3
    assert outbox_deliver() == 0
    (mail,) = mailbox.messages
    assert "scored 0.9000" in mail["Subject"]
    assert submission.submitted_by.email == mail["To"]


def test_steps_that_nobody_hears_of_are_done_with_in_one_statement(
    mailbox: MailServer, submission: Submission, django_assert_max_num_queries: Counted
) -> None:
    for _ in range(20):
        outbox_write(
            kind="submission.predicting",
            payload={"submission": str(submission.pk), "status": "predicting", "code": ""},
        )
    with django_assert_max_num_queries(4):
        assert outbox_deliver() >= 20
    assert not outbox_waiting().exists()


def test_a_failure_is_mailed_with_its_remedy_and_no_detail(
    mailbox: MailServer, submission: Submission
) -> None:
    pipeline = Pipeline.start()
    pipeline.report_failure(pipeline.claim_predict(submission.evaluations.get()), Failure.TIMED_OUT)
    outbox_deliver()
    mail = mailbox.text_to(submission.submitted_by.email)
    assert "took too long" in mail
    assert "SECRET" not in mail


def test_who_has_not_asked_gets_no_mail(mailbox: MailServer) -> None:
    Pipeline.start().run(queued_submission(), public=0.9)
    outbox_deliver()
    assert mailbox.messages == []


def test_a_mail_server_that_is_away_loses_nothing(
    submission: Submission, settings: Settings
) -> None:
    Pipeline.start().run(submission, public=0.9)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert outbox_deliver() == 2
    event = OutboxEvent.objects.get(delivered_at=None)
    assert event.attempts == 1
    assert "Refused" in event.last_error
    for _ in range(MAX_ATTEMPTS):
        outbox_deliver()
    event.refresh_from_db()
    assert event.attempts == MAX_ATTEMPTS
    assert not outbox_waiting().exists()


def test_hosts_are_told_that_their_metric_fails(
    mailbox: MailServer, submission: Submission
) -> None:
    host, stranger = UserFactory(), UserFactory()
    Host.objects.create(competition=submission.competition, user=host, role=Host.Role.OWNER)
    pipeline = Pipeline.start()
    evaluation = submission.evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    pipeline.report_failure(pipeline.claim_score(evaluation), Failure.SCORING_FAILED)
    outbox_deliver()
    told = mailbox.text_to(host.email)
    assert "SECRET detail for hosts" in told
    assert mailbox.text_to(submission.submitted_by.email).count("SECRET") == 0
    assert stranger.email not in "".join(str(mail) for mail in mailbox.messages)


@pytest.fixture
def baseline(submission: Submission) -> Submission:
    """The only baseline of the pack, of which 0.9 is announced, with a host who is to be told."""
    submission.submitted_by.username = f"baseline-{submission.competition.slug}-linear"
    submission.submitted_by.save()
    submission.team.is_baseline = True
    submission.team.save()
    host = UserFactory(email="host@example.test")
    Host.objects.create(competition=submission.competition, user=host, role=Host.Role.OWNER)
    return submission


@pytest.mark.parametrize(
    ("ending", "told"),
    [
        ("other score", "Linear scores 0.875 on the public split; 0.9 is announced, ± 1e-09"),
        ("no run", "Linear has no score: its run failed"),
        ("refused", "Linear is refused by inspection"),
    ],
)
def test_hosts_are_told_of_a_baseline_that_does_not_score_as_announced(
    mailbox: MailServer, baseline: Submission, ending: str, told: str
) -> None:
    pipeline = Pipeline.start()
    match ending:
        case "other score":
            pipeline.run(baseline, public=0.875)
        case "no run":
            job = pipeline.claim_predict(baseline.evaluations.get())
            pipeline.report_failure(job, Failure.TIMED_OUT)
        case "refused":
            baseline.evaluations.all().delete()
            Submission.objects.filter(pk=baseline.pk).update(status=Status.REJECTED)
            change_record(baseline, None, Status.REJECTED)
    outbox_deliver()
    (mail,) = mailbox.messages
    assert mail["To"] == "host@example.test"
    assert told in mailbox.text_to("host@example.test")


def test_nobody_is_told_of_a_baseline_that_scores_as_announced(
    mailbox: MailServer, baseline: Submission
) -> None:
    Pipeline.start().run(baseline, public=0.9)
    outbox_deliver()
    assert mailbox.messages == []


def test_a_rescore_is_announced_in_one_mail_a_person(
    mailbox: MailServer, submission: Submission
) -> None:
    competition = submission.competition
    rescore = Rescore.objects.create(
        competition=competition,
        version=submission.pack_version,
        reason="A label was wrong.",
        state=Rescore.State.APPLIED,
    )
    outbox_write(
        kind="submission.scored",
        payload={"submission": str(submission.pk), "status": "scored", "code": RESCORED_CODE},
    )
    outbox_write(kind=RESCORED_EVENT, payload={"rescore": str(rescore.pk)})
    queued_submission(competition)  # of somebody who has not asked for mail
    outbox_deliver()
    (mail,) = mailbox.messages
    assert mail["To"] == submission.submitted_by.email
    assert "A label was wrong." in mailbox.text_to(submission.submitted_by.email)
