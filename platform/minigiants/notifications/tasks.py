"""Celery tasks of the notifications."""

from celery import shared_task

from minigiants.notifications.services import outbox_deliver
from minigiants.notifications.webhook_delivery import deliveries_sweep, webhooks_deliver


@shared_task(name="notifications.deliver")
def deliver() -> None:
    """Deliver the outbox, and to webhooks what is due."""
    outbox_deliver()
    webhooks_deliver()


@shared_task(name="notifications.deliveries_sweep")
def sweep_deliveries() -> None:
    """Forget what was sent to webhooks long ago."""
    deliveries_sweep()
