"""Writing to the outbox, inside the transaction of the change that it tells of."""

from typing import Any

from django.db.models import QuerySet

from minigiants.core.models import OutboxEvent

MAX_ATTEMPTS = 8
"""How often delivery is tried before an event is left for an operator to look at."""


def outbox_write(*, kind: str, payload: dict[str, Any]) -> OutboxEvent:
    """Record that `kind` happened. `payload` is JSON and holds nothing secret."""
    return OutboxEvent.objects.create(kind=kind, payload=payload)


def outbox_waiting() -> QuerySet[OutboxEvent]:
    """The events that are still to be delivered, oldest first."""
    return OutboxEvent.objects.filter(
        delivered_at__isnull=True, attempts__lt=MAX_ATTEMPTS
    ).order_by("id")
