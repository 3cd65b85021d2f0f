"""Bringing events to webhooks: fanned out once, then sent until they arrive or are given up.

One webhook is sent to by one at a time, its oldest message first; after a failure it rests, so an
address that is down costs little and holds nobody up.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from standardwebhooks import Webhook as Signature

from minigiants.core.models import OutboxEvent
from minigiants.core.outbox import outbox_write
from minigiants.core.sealing import Unsealable
from minigiants.notifications.models import Attempt, Delivery, Webhook
from minigiants.notifications.policies import may_keep
from minigiants.notifications.sending import Fault, Outcome, send
from minigiants.notifications.webhook_body import body_of
from minigiants.notifications.webhook_events import kind_find
from minigiants.notifications.webhooks import signing_secrets

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = (5, 60, 300, 1800, 7_200, 21_600, 43_200, 86_400)
"""The waits between the attempts of one message: nine attempts in two days."""

JITTER: Final = 0.2
"""Each wait is up to this share shorter or longer, so that receivers are not hit in step."""

LONGEST_RETRY_AFTER: Final = 86_400
REST_SECONDS: Final = 5
LONGEST_REST_SECONDS: Final = 300

AT_ONCE: Final = 16
RUN_SECONDS: Final = 20.0
LEASE: Final = timedelta(seconds=60)
"""How long a webhook is kept from others while it is sent to: longer than an attempt may last."""

LOG_KEPT_FOR: Final = timedelta(days=30)
DISABLED_EVENT: Final = "webhook.disabled"
USER_AGENT: Final = "minigiants-webhooks/1"


def kinds_awaited() -> frozenset[str] | None:
    """The kinds of events that any webhook hears of; None where one hears of all."""
    lists = Webhook.objects.filter(disabled=Webhook.Disabled.NO).values_list("kinds", flat=True)
    found = [frozenset(kinds) for kinds in lists.order_by().distinct()]
    return None if frozenset() in found else frozenset().union(*found)


def webhooks_tell(event: OutboxEvent) -> int:
    """Make a delivery of `event` for each webhook that shall hear of it. Returns how many.

    Telling twice is as good as once.
    """
    kind = kind_find(event.kind)
    interested = Webhook.objects.filter(disabled=Webhook.Disabled.NO).filter(
        Q(kinds=[]) | Q(kinds__contains=[event.kind])
    )
    if kind is None or not interested.exists():
        return 0
    told = kind.tell(event)
    whose = Q()
    if told.team_id is not None:
        whose |= Q(team_id=told.team_id)
    if told.competition_id is not None:
        whose |= Q(competition_id=told.competition_id)
    if not whose:
        return 0
    body = body_of(event.kind, event.created_at, told.data)
    deliveries = [
        Delivery(webhook=webhook, event=event, kind=event.kind, body=body)
        for webhook in interested.filter(whose)
    ]
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    return len(deliveries)


def webhooks_deliver() -> int:
    """Send what is due, for `RUN_SECONDS` at most. Returns how many attempts were made."""
    made = 0
    deadline = time.monotonic() + RUN_SECONDS
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        while time.monotonic() < deadline and (claimed := _claim()):
            # The threads speak to the outside and touch no database.
            outcomes = list(pool.map(_send, [_message(delivery) for delivery in claimed]))
            for delivery, outcome in zip(claimed, outcomes, strict=True):
                _record(delivery, outcome)
            made += len(claimed)
    return made


def deliveries_sweep() -> int:
    """Forget deliveries that are older than the log reaches back. Returns how many."""
    old = Delivery.objects.filter(created_at__lt=timezone.now() - LOG_KEPT_FOR).exclude(
        status=Delivery.Status.PENDING
    )
    return int(old.delete()[1].get("notifications.Delivery", 0))


def _due(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(status=Delivery.Status.PENDING, next_attempt_at__lte=now)


@transaction.atomic
def _claim() -> Sequence[Delivery]:
    """The next delivery of each webhook that is free, at most `AT_ONCE`; they are ours for a while.

    Webhooks whose maker may not have them any more are switched off instead.
    """
    now = timezone.now()
    webhooks = (
        Webhook.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("owner", "team", "competition")
        .filter(
            Exists(_due(now).filter(webhook=OuterRef("pk"))),
            disabled=Webhook.Disabled.NO,
            busy_until__lte=now,
        )
        .order_by("busy_until")[:AT_ONCE]
    )
    kept = []
    for webhook in webhooks:
        if may_keep(webhook):
            kept.append(webhook)
        else:
            _disable(webhook, Webhook.Disabled.OWNER_LEFT)
    Webhook.objects.filter(pk__in=[webhook.pk for webhook in kept]).update(busy_until=now + LEASE)
    return list(
        _due(now)
        .select_related("webhook")
        .filter(webhook__in=kept)
        .order_by("webhook_id", "next_attempt_at", "pk")
        .distinct("webhook_id")
    )


@dataclass(frozen=True, slots=True)
class _Message:
    """A message, ready to be sent; without `secrets` it can't be signed."""

    url: str
    identity: str
    body: str
    secrets: Sequence[str]


def _message(delivery: Delivery) -> _Message:
    try:
        secrets = signing_secrets(delivery.webhook)
    except Unsealable:
        secrets = []
    return _Message(delivery.webhook.url, delivery.message_id, delivery.body, secrets)


def signed_headers(identity: str, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of a message sent now, with a signature by each of `secrets`."""
    now = datetime.now(UTC)
    signatures = [Signature(secret).sign(identity, now, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": identity,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _send(message: _Message) -> Outcome:
    if not message.secrets:
        return Outcome(0.0, fault=Fault.SECRET_LOST)
    return send(
        url=message.url,
        headers=signed_headers(message.identity, message.body, message.secrets),
        body=message.body.encode(),
    )


@transaction.atomic
def _record(delivery: Delivery, outcome: Outcome) -> None:
    webhook = Webhook.objects.select_for_update(of=("self",)).filter(pk=delivery.webhook_id).first()
    if webhook is None:  # removed meanwhile, and its log with it
        return
    Attempt.objects.create(
        delivery=delivery,
        seconds=outcome.seconds,
        response_status=outcome.status,
        error=outcome.fault or "",
    )
    now = timezone.now()
    delivery.attempts += 1
    webhook.busy_until = now
    if outcome.fault is None:
        delivery.status = Delivery.Status.DELIVERED
        webhook.failures, webhook.last_success_at = 0, now
    else:
        webhook.failures += 1
        webhook.busy_until = now + timedelta(seconds=_rest_seconds(webhook.failures))
        wait = _wait_seconds(delivery.attempts, outcome)
        if wait is None:
            delivery.status = Delivery.Status.FAILED
        else:
            delivery.next_attempt_at = now + timedelta(seconds=wait)
    delivery.save(update_fields=["attempts", "status", "next_attempt_at"])
    webhook.save(update_fields=["busy_until", "failures", "last_success_at"])
    if outcome.status == 410:
        _disable(webhook, Webhook.Disabled.GONE)
    elif delivery.status == Delivery.Status.FAILED and _is_dead(webhook, delivery):
        _disable(webhook, Webhook.Disabled.FAILING)


def _wait_seconds(attempts: int, outcome: Outcome) -> float | None:
    """How long until the next attempt; None where there were enough."""
    if attempts > len(RETRY_SECONDS):
        return None
    jitter = random.SystemRandom().uniform(1 - JITTER, 1 + JITTER)
    wait = RETRY_SECONDS[attempts - 1] * jitter
    return max(wait, min(outcome.retry_after or 0, LONGEST_RETRY_AFTER))


def _rest_seconds(failures: int) -> int:
    """How long a webhook rests after so many failed attempts in a row."""
    return min(REST_SECONDS << min(failures - 1, 10), LONGEST_REST_SECONDS)


def _is_dead(webhook: Webhook, given_up: Delivery) -> bool:
    """Whether nothing at all has arrived since the message that was given up began its way."""
    return webhook.last_success_at is None or webhook.last_success_at < given_up.created_at


def _disable(webhook: Webhook, reason: Webhook.Disabled) -> None:
    """Switch a webhook off, give up what waits for it, and have its owner told."""
    Webhook.objects.filter(pk=webhook.pk).update(disabled=reason)
    webhook.deliveries.filter(status=Delivery.Status.PENDING).update(status=Delivery.Status.FAILED)
    outbox_write(kind=DISABLED_EVENT, payload={"webhook": str(webhook.pk), "reason": reason})
    log.warning("webhook disabled", webhook=str(webhook.pk), reason=reason)
