"""Celery tasks of the artifacts."""

from datetime import timedelta
from typing import Final

from celery import shared_task

from minigiants.artifacts.collection import blobs_collect, shard_of_the_moment
from minigiants.artifacts.services import uploads_sweep

SHARD_TURN: Final = timedelta(minutes=10)
"""As often as the dispatcher wakes the housekeeping: so all of the store is seen in 43 hours."""


@shared_task(name="artifacts.uploads_sweep")
def sweep_uploads() -> None:
    """Remove the uploads whose time is over."""
    uploads_sweep()


@shared_task(name="artifacts.blobs_collect")
def collect_blobs() -> None:
    """Remove what nobody needs any more from one part of the store, another one each time."""
    blobs_collect(shards=[shard_of_the_moment(every=SHARD_TURN)])
