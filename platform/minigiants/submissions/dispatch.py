"""Handing out work: only as fast as workers ask for it.

The database is the queue. A Redis queue never holds more than a message or two that nobody has
taken yet, so the order is decided when a worker is free, not when the work came in. A message
that is lost with Redis is sent again; one that comes twice loses its claim.
"""

from dataclasses import dataclass
from uuid import UUID

from celery import Celery
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from redis import Redis

from evaluator.broker import queue_name, task_name
from evaluator.contract import Role
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Turn
from minigiants.submissions.queue import next_entries


@dataclass(frozen=True)
class Carrier:
    """What carries messages to the workers."""

    celery: Celery
    redis: Redis

    def room(self, queue: str) -> int:
        """How many more messages the queue should hold now."""
        return max(settings.DISPATCH_BUFFER - int(self.redis.llen(queue)), 0)

    def send(self, *, role: Role, profile: str, evaluation_id: UUID, attempt: int) -> None:
        """Send an attempt on its way."""
        self.celery.send_task(
            task_name(role),
            args=[str(evaluation_id), attempt],
            queue=queue_name(role, profile),
            ignore_result=True,
        )


def dispatch(carrier: Carrier) -> int:
    """Hand out what there is room for, to all profiles and to scoring. Returns how many."""
    profiles = (
        Evaluation.objects.filter(status=Status.QUEUED, dispatched_at__isnull=True)
        .values_list("profile", flat=True)
        .distinct()
        .order_by()
    )
    sent = sum(_dispatch_predictions(carrier, profile) for profile in profiles)
    return sent + _dispatch_scoring(carrier)


def _dispatch_predictions(carrier: Carrier, profile: str) -> int:
    sent = 0
    # One at a time: each turn taken changes whose turn is next.
    for _ in range(carrier.room(queue_name(Role.PREDICT, profile))):
        entries = next_entries(profile=profile, limit=1)
        if not entries:
            break
        entry = entries[0]
        with transaction.atomic():
            due = _mark_dispatched(entry.evaluation_id, entry.attempt, Status.QUEUED)
            if due:
                _take_turns(profile, entry.competition_id, entry.team_id)
        if not due:
            continue
        carrier.send(
            role=Role.PREDICT,
            profile=profile,
            evaluation_id=entry.evaluation_id,
            attempt=entry.attempt,
        )
        sent += 1
    return sent


def _dispatch_scoring(carrier: Carrier) -> int:
    sent = 0
    waiting = Evaluation.objects.filter(
        Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now()),
        status=Status.SCORING,
        dispatched_at__isnull=True,
        lease_expires_at__isnull=True,
    ).order_by("queued_at", "pk")
    room = carrier.room(queue_name(Role.SCORE, "cpu"))
    for evaluation_id, attempt, profile in waiting.values_list("pk", "attempt", "profile")[:room]:
        if _mark_dispatched(evaluation_id, attempt, Status.SCORING):
            carrier.send(
                role=Role.SCORE, profile=profile, evaluation_id=evaluation_id, attempt=attempt
            )
            sent += 1
    return sent


def _mark_dispatched(evaluation_id: UUID, attempt: int, status: Status) -> bool:
    """Compare-and-set that a message is on its way. Returns whether one was due."""
    waiting = Evaluation.objects.filter(
        pk=evaluation_id,
        status=status,
        attempt=attempt,
        dispatched_at__isnull=True,
        lease_expires_at__isnull=True,
    )
    return waiting.update(dispatched_at=timezone.now()) == 1


def _take_turns(profile: str, *subjects: UUID) -> None:
    now = timezone.now()
    Turn.objects.bulk_create(
        (Turn(profile=profile, subject=subject, served_at=now) for subject in subjects),
        update_conflicts=True,
        unique_fields=["profile", "subject"],
        update_fields=["served_at"],
    )
