"""Celery tasks of the submissions."""

from uuid import UUID

from celery import shared_task

from minigiants.submissions.baselines import baselines_catch_up
from minigiants.submissions.trials import CONCLUDE_TASK, trial_conclude
from minigiants.submissions.workers import BASELINES_TASK


@shared_task(name=BASELINES_TASK)
def catch_up_baselines() -> None:
    """Hand in the baselines that waited for a worker that runs their format."""
    baselines_catch_up()


@shared_task(name=CONCLUDE_TASK)
def conclude_trial(trial_id: str) -> None:
    """Serve or refuse a version whose baselines have all been run."""
    trial_conclude(trial_id=UUID(trial_id))
