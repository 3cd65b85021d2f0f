"""The states of a submission and of its evaluations, and the only ways between them.

Every change goes through `advance`: a compare-and-set on (id, status, attempt). Whoever comes
second, or late, changes nothing and is told so.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import models


class Status(models.TextChoices):
    """Where a submission stands."""

    QUEUED = "queued", "Queued"
    PREDICTING = "predicting", "Predicting"
    SCORING = "scoring", "Scoring"
    SCORED = "scored", "Scored"
    REJECTED = "rejected", "Rejected"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.PREDICTING, Status.CANCELLED}),
    Status.PREDICTING: frozenset({Status.SCORING, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    Status.SCORING: frozenset({Status.SCORED, Status.SCORING, Status.FAILED, Status.CANCELLED}),
    Status.SCORED: frozenset(),
    Status.REJECTED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

FINAL: frozenset[Status] = frozenset(status for status, to in TRANSITIONS.items() if not to)
ACTIVE: frozenset[Status] = frozenset(TRANSITIONS) - FINAL


class IllegalTransition(Exception):
    """The code asked for a way that does not exist. Always a defect of ours."""


def check_transition(current: Status, to: Status) -> None:
    """Raise `IllegalTransition` unless `to` may follow `current`."""
    if to not in TRANSITIONS[current]:
        raise IllegalTransition(f"{current} cannot become {to}")


def advance(
    queryset: models.QuerySet[Any],
    *,
    evaluation_id: UUID,
    current: Status,
    attempt: int,
    to: Status,
    next_attempt: int | None = None,
    unclaimed: bool | None = None,
    **changes: Any,
) -> bool:
    """Compare-and-set an evaluation from `current` to `to`, with `changes` to its other columns.

    `next_attempt` replaces the attempt's number where a new attempt begins. `unclaimed` also
    demands that no lease (True), or some lease (False), is held. Returns whether the row was still
    as expected; if not, nothing has changed.
    """
    check_transition(current, to)
    rows = queryset.filter(pk=evaluation_id, status=current, attempt=attempt)
    if unclaimed is not None:
        rows = rows.filter(lease_expires_at__isnull=unclaimed)
    if next_attempt is not None:
        changes["attempt"] = next_attempt
    return rows.update(status=to, **changes) == 1
