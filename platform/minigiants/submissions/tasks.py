"""Celery tasks of the submissions."""

from celery import shared_task

from minigiants.submissions.baselines import baselines_catch_up
from minigiants.submissions.workers import BASELINES_TASK


@shared_task(name=BASELINES_TASK)
def catch_up_baselines() -> None:
    """Hand in the baselines that waited for a worker that runs their format."""
    baselines_catch_up()
