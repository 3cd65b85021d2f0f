"""Telling whoever watches a submission that it has changed.

Redis carries a nudge and nothing else: what has changed is read from the database, so a lost
nudge costs time, never truth.
"""

import asyncio
from uuid import UUID

import redis
import redis.asyncio
from django.conf import settings
from django.db import transaction

from minigiants.core.threads import in_thread
from minigiants.submissions.models import StateChange


def _channel(submission_id: UUID) -> str:
    return f"live:submission:{submission_id}"


def announce_change(submission_id: UUID) -> None:
    """Nudge the watchers once the present transaction is committed."""
    transaction.on_commit(lambda: _publish(submission_id), robust=True)


def _publish(submission_id: UUID) -> None:
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.publish(_channel(submission_id), "")


async def wait_for_change(submission_id: UUID, *, after: int, seconds: float) -> None:
    """Return when something about the submission changes, at the latest after `seconds`.

    `after` is the id of the last `StateChange` that the caller has seen: a later one that is
    already there counts as a change, so none is missed between reading and waiting.
    """
    async with (
        redis.asyncio.Redis.from_url(settings.BROKER_URL) as client,
        client.pubsub(ignore_subscribe_messages=True) as nudges,
    ):
        await nudges.subscribe(_channel(submission_id))
        newer = StateChange.objects.filter(submission_id=submission_id, pk__gt=after)
        if await in_thread(newer.exists):
            return
        try:
            async with asyncio.timeout(seconds):
                while await nudges.get_message(timeout=seconds) is None:
                    pass
        except TimeoutError:
            return
