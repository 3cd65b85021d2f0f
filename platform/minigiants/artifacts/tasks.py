"""Celery tasks of the artifacts."""

from celery import shared_task

from minigiants.artifacts.services import uploads_sweep


@shared_task(name="artifacts.uploads_sweep")
def sweep_uploads() -> None:
    """Remove the uploads whose time is over."""
    uploads_sweep()
