"""Webhooks: what is told to whom, signed, repeated, and given up."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from standardwebhooks import Webhook as Signature
from standardwebhooks import WebhookVerificationError

from evaluator.contract import Failure
from minigiants.competitions.models import Host
from minigiants.core.models import OutboxEvent
from minigiants.core.outbox import outbox_write
from minigiants.notifications import webhook_delivery
from minigiants.notifications.models import Attempt, Delivery, Webhook
from minigiants.notifications.selectors import Subject
from minigiants.notifications.sending import Fault
from minigiants.notifications.services import outbox_deliver
from minigiants.notifications.webhook_delivery import (
    JITTER,
    RETRY_SECONDS,
    deliveries_sweep,
    webhooks_deliver,
    webhooks_tell,
)
from minigiants.notifications.webhooks import (
    delivery_replay,
    webhook_change,
    webhook_create,
    webhook_rotate,
    webhook_test,
)
from minigiants.submissions.models import Submission
from tests.support.factories import UserFactory, member_of
from tests.support.pipeline import Pipeline, queued_submission
from tests.support.webhook_receiver import ALLOW_LOOPBACK, Receiver, closed_port

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK


@pytest.fixture
def submission() -> Submission:
    return queued_submission()


def team_webhook(submission: Submission, receiver: Receiver, **changes: Any) -> tuple[Webhook, str]:
    return webhook_create(
        user=member_of(submission.team),
        subject=Subject(team=submission.team),
        url=changes.pop("url", receiver.url),
        **changes,
    )


def host_webhook(submission: Submission, receiver: Receiver) -> tuple[Webhook, str]:
    host = UserFactory()
    Host.objects.create(competition=submission.competition, user=host, role=Host.Role.OWNER)
    return webhook_create(
        user=host, subject=Subject(competition=submission.competition), url=receiver.url
    )


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(received.body) for received in receiver.received]


def make_due() -> None:
    """Let every wait be over."""
    now = timezone.now()
    Delivery.objects.update(next_attempt_at=now)
    Webhook.objects.update(busy_until=now)


def test_each_state_is_told_in_order_and_the_score_with_the_last(
    receiver: Receiver, submission: Submission
) -> None:
    team_webhook(submission, receiver)
    Pipeline.start().run(submission, public=0.9, private=0.1234)
    outbox_deliver()
    assert webhooks_deliver() == 3
    kinds = [body["type"] for body in bodies(receiver)]
    assert kinds == ["submission.predicting", "submission.scoring", "submission.scored"]
    first, _, last = (body["data"] for body in bodies(receiver))
    assert (first["status"], first["score"], first["rank"]) == ("predicting", None, None)
    assert (last["score"], last["score_shown"], last["rank"]) == (0.9, "0.9000", 1)
    assert last["id"] == str(submission.pk)
    assert webhooks_deliver() == 0


def test_nothing_hidden_is_told(receiver: Receiver, submission: Submission) -> None:
    team_webhook(submission, receiver)
    host_webhook(submission, receiver)
    pipeline = Pipeline.start()
    evaluation = submission.evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    pipeline.report_failure(pipeline.claim_score(evaluation), Failure.SCORING_FAILED)
    outbox_deliver()
    webhooks_deliver()
    assert len(receiver.received) > 4
    told = b"".join(received.body for received in receiver.received)
    for hidden in (b"SECRET", b"0.001234567", b"smoke run", b"host_log"):
        assert hidden not in told
    failed = next(body for body in bodies(receiver) if body["type"] == "submission.failed")
    assert failed["data"]["error"]["code"] == "scoring_failed"


def test_the_signature_is_the_standard_s(receiver: Receiver, submission: Submission) -> None:
    webhook, secret = team_webhook(submission, receiver)
    webhook_test(webhook=webhook)
    webhooks_deliver()
    (received,) = receiver.received
    assert received.headers["content-type"] == "application/json"
    verified = Signature(secret).verify(received.body, received.headers)
    assert verified["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Signature(secret).verify(received.body + b" ", received.headers)
    assert secret not in str(list(Webhook.objects.values()))


def test_a_rotated_secret_overlaps_with_the_old_one(
    receiver: Receiver, submission: Submission
) -> None:
    webhook, old = team_webhook(submission, receiver)
    webhook, new = webhook_rotate(user=webhook.owner, webhook=webhook)
    webhook_test(webhook=webhook)
    webhooks_deliver()
    for secret in (old, new):
        Signature(secret).verify(receiver.received[-1].body, receiver.received[-1].headers)
    Webhook.objects.update(previous_until=timezone.now())
    webhook_test(webhook=webhook)
    webhooks_deliver()
    Signature(new).verify(receiver.received[-1].body, receiver.received[-1].headers)
    with pytest.raises(WebhookVerificationError):
        Signature(old).verify(receiver.received[-1].body, receiver.received[-1].headers)


def test_teams_hear_of_their_own_and_hosts_of_all(
    receiver: Receiver, submission: Submission
) -> None:
    team_webhook(submission, receiver)
    host_webhook(submission, receiver)
    other = queued_submission(submission.competition)
    stranger = queued_submission()
    pipeline = Pipeline.start()
    for each in (submission, other, stranger):
        pipeline.claim_predict(each.evaluations.get())
    outbox_deliver()
    heard = [
        (delivery.webhook.team_id is not None, json.loads(delivery.body)["data"]["id"])
        for delivery in Delivery.objects.select_related("webhook")
    ]
    assert sorted(heard) == sorted(
        [(True, str(submission.pk)), (False, str(submission.pk)), (False, str(other.pk))]
    )


def test_only_chosen_kinds_are_told(receiver: Receiver, submission: Submission) -> None:
    team_webhook(submission, receiver, kinds=["submission.scored"])
    Pipeline.start().run(submission, public=0.9)
    outbox_deliver()
    webhooks_deliver()
    assert [body["type"] for body in bodies(receiver)] == ["submission.scored"]


def test_what_is_not_registered_is_told_to_nobody(
    receiver: Receiver, submission: Submission
) -> None:
    team_webhook(submission, receiver)
    event = outbox_write(kind="secret.thing", payload={"submission": str(submission.pk)})
    assert webhooks_tell(event) == 0


def test_telling_twice_makes_one_delivery(receiver: Receiver, submission: Submission) -> None:
    team_webhook(submission, receiver)
    Pipeline.start().claim_predict(submission.evaluations.get())
    event = OutboxEvent.objects.get()
    webhooks_tell(event)
    webhooks_tell(event)
    assert Delivery.objects.count() == 1


def test_without_webhooks_telling_costs_one_query(
    submission: Submission, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Pipeline.start().claim_predict(submission.evaluations.get())
    event = OutboxEvent.objects.get()
    with django_assert_num_queries(1):
        webhooks_tell(event)


def test_failures_are_tried_again_on_schedule_with_the_same_bytes(
    receiver: Receiver, submission: Submission
) -> None:
    webhook, _ = team_webhook(submission, receiver)
    delivery = webhook_test(webhook=webhook)
    receiver.answer = 500
    for attempt, wait in enumerate(RETRY_SECONDS, start=1):
        before = timezone.now()
        assert webhooks_deliver() == 1
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("pending", attempt)
        waits = (delivery.next_attempt_at - before).total_seconds()
        assert wait * (1 - JITTER) <= waits <= wait * (1 + JITTER) + 5
        assert webhooks_deliver() == 0  # not due
        make_due()
    receiver.answer = 204
    assert webhooks_deliver() == 1
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
    assert len({received.body for received in receiver.received}) == 1
    assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.is_enabled) == (0, True)
    log = list(Attempt.objects.values_list("response_status", "error"))
    assert log == [*[(500, "refused")] * len(RETRY_SECONDS), (204, "")]


def test_what_never_arrives_switches_the_webhook_off_and_its_owner_is_told(
    receiver: Receiver, submission: Submission
) -> None:
    webhook, _ = team_webhook(submission, receiver, url=f"http://127.0.0.1:{closed_port()}/")
    first, waiting = webhook_test(webhook=webhook), webhook_test(webhook=webhook)
    Delivery.objects.filter(pk=first.pk).update(attempts=len(RETRY_SECONDS))
    webhooks_deliver()
    webhook.refresh_from_db()
    assert webhook.disabled == Webhook.Disabled.FAILING
    for delivery in (first, waiting):
        delivery.refresh_from_db()
        assert delivery.status == "failed"
    assert Attempt.objects.get().error == Fault.UNREACHABLE
    outbox_deliver()
    (sent,) = mail.outbox
    assert sent.to == [webhook.owner.email]
    assert f"/settings/webhooks/{webhook.pk}/" in sent.body


def test_one_message_that_fails_among_others_that_arrive_switches_nothing_off(
    receiver: Receiver, submission: Submission
) -> None:
    webhook, _ = team_webhook(submission, receiver)
    bad = webhook_test(webhook=webhook)
    Delivery.objects.filter(pk=bad.pk).update(attempts=len(RETRY_SECONDS))
    Webhook.objects.update(last_success_at=timezone.now())
    receiver.answer = 400
    webhooks_deliver()
    bad.refresh_from_db()
    webhook.refresh_from_db()
    assert (bad.status, webhook.is_enabled) == ("failed", True)


def test_gone_is_gone(receiver: Receiver, submission: Submission) -> None:
    webhook, _ = team_webhook(submission, receiver)
    webhook_test(webhook=webhook)
    receiver.answer = 410
    webhooks_deliver()
    webhook.refresh_from_db()
    assert webhook.disabled == Webhook.Disabled.GONE
    Pipeline.start().claim_predict(submission.evaluations.get())
    outbox_deliver()
    assert Delivery.objects.count() == 1


def test_retry_after_is_heeded(receiver: Receiver, submission: Submission) -> None:
    webhook, _ = team_webhook(submission, receiver)
    delivery = webhook_test(webhook=webhook)
    receiver.answer, receiver.headers = 429, {"Retry-After": "1234"}
    webhooks_deliver()
    delivery.refresh_from_db()
    assert delivery.next_attempt_at > timezone.now() + timedelta(seconds=1200)


def test_a_webhook_rests_after_failures_and_others_do_not_wait(
    receiver: Receiver, submission: Submission
) -> None:
    dead, _ = team_webhook(submission, receiver, url=f"http://127.0.0.1:{closed_port()}/")
    alive, _ = team_webhook(submission, receiver)
    for _ in range(2):
        webhook_test(webhook=dead)
        webhook_test(webhook=alive)
    assert webhooks_deliver() == 3
    assert len(receiver.received) == 2
    dead.refresh_from_db()
    assert dead.busy_until > timezone.now()


def test_who_may_not_have_it_any_more_hears_nothing(
    receiver: Receiver, submission: Submission
) -> None:
    webhook, _ = team_webhook(submission, receiver)
    webhook_test(webhook=webhook)
    submission.team.memberships.all().delete()
    assert webhooks_deliver() == 0
    webhook.refresh_from_db()
    assert webhook.disabled == Webhook.Disabled.OWNER_LEFT
    assert receiver.received == []


def test_a_replay_sends_the_same_message_again(receiver: Receiver, submission: Submission) -> None:
    webhook, _ = team_webhook(submission, receiver)
    delivery = webhook_test(webhook=webhook)
    webhooks_deliver()
    delivery_replay(webhook=webhook, delivery_id=delivery.pk)
    assert webhooks_deliver() == 1
    first, second = receiver.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert delivery.log.count() == 2


def test_switched_on_again_it_starts_afresh(receiver: Receiver, submission: Submission) -> None:
    webhook, _ = team_webhook(submission, receiver)
    Webhook.objects.update(
        disabled="failing", failures=40, busy_until=timezone.now() + timedelta(1)
    )
    webhook = webhook_change(user=webhook.owner, webhook=webhook, enabled=True)
    webhook_test(webhook=webhook)
    assert webhooks_deliver() == 1


def test_a_lost_key_is_told_and_sends_nothing(
    receiver: Receiver, submission: Submission, settings: Settings
) -> None:
    webhook, _ = team_webhook(submission, receiver)
    webhook_test(webhook=webhook)
    settings.SECRET_KEY = "another"
    webhooks_deliver()
    assert Attempt.objects.get().error == Fault.SECRET_LOST
    assert receiver.received == []


def test_an_event_that_breaks_us_holds_no_other_up(
    receiver: Receiver, submission: Submission
) -> None:
    team_webhook(submission, receiver)
    outbox_write(kind="submission.scored", payload={"submission": "nonsense"})
    Pipeline.start().claim_predict(submission.evaluations.get())
    assert outbox_deliver() == 1
    broken = OutboxEvent.objects.get(delivered_at=None)
    assert (broken.attempts, broken.last_error.split(":")[0]) == (1, "ValueError")


def test_the_log_reaches_thirty_days_back(receiver: Receiver, submission: Submission) -> None:
    webhook, _ = team_webhook(submission, receiver)
    old, young = webhook_test(webhook=webhook), webhook_test(webhook=webhook)
    webhooks_deliver()
    long_ago = timezone.now() - webhook_delivery.LOG_KEPT_FOR - timedelta(seconds=1)
    Delivery.objects.filter(pk=old.pk).update(created_at=long_ago)
    assert deliveries_sweep() == 1
    assert list(Delivery.objects.all()) == [young]


def test_more_webhooks_than_threads_are_all_served(
    receiver: Receiver, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_delivery, "AT_ONCE", 2)
    for _ in range(5):
        webhook_test(webhook=team_webhook(submission, receiver)[0])
    assert webhooks_deliver() == 5
    assert len(receiver.received) == 5
