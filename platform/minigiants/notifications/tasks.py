"""Celery tasks of the notifications."""

from celery import shared_task

from minigiants.notifications.services import outbox_deliver


@shared_task(name="notifications.deliver")
def deliver() -> None:
    """Deliver the outbox."""
    outbox_deliver()
