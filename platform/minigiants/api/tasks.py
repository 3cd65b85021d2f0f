"""Celery tasks of the API."""

from celery import shared_task

from minigiants.api.idempotency import idempotency_sweep


@shared_task(name="api.idempotency_sweep")
def sweep_idempotency() -> None:
    """Forget the Idempotency-Keys whose time is over."""
    idempotency_sweep()
