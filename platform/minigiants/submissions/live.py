"""Telling whoever watches a submission that it has changed.

Redis carries a nudge and nothing else: what has changed is read from the database, so a lost
nudge costs time, never truth.
"""

import asyncio
from functools import cache
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import redis
import redis.asyncio
import structlog
from django.conf import settings
from django.db import transaction

from minigiants.core.threads import in_thread
from minigiants.submissions.models import StateChange

log = structlog.get_logger(__name__)

WITHOUT_NUDGES_SECONDS: Final = 1.0
_PREFIX: Final = "live:submission:"


def _channel(submission_id: UUID) -> str:
    return f"{_PREFIX}{submission_id}"


def announce_change(subject_id: UUID) -> None:
    """Nudge the watchers of a submission, or of a baseline in a trial, once the present transaction
    is committed.
    """
    transaction.on_commit(lambda: _publish(subject_id), robust=True)


def _publish(subject_id: UUID) -> None:
    _connections().publish(_channel(subject_id), "")


@cache
def _connections() -> redis.Redis:
    """This process's connections to Redis, which its threads share."""
    return redis.Redis.from_url(settings.BROKER_URL)


class AnyChange:
    """Notices, in one thread, that any submission has changed. Use as a context manager."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(settings.BROKER_URL)
        self._nudges = self._client.pubsub(  # type: ignore[no-untyped-call]
            ignore_subscribe_messages=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._nudges.close()
        self._client.close()

    def wait(self, seconds: float) -> None:
        """Return at the next change, at the latest after `seconds`.

        Changes between two calls count. Raises redis.exceptions.ConnectionError.
        """
        if not self._nudges.subscribed:
            self._nudges.psubscribe(f"{_PREFIX}*")
        if self._nudges.get_message(timeout=seconds) is not None:
            while self._nudges.get_message() is not None:  # they all say the same
                pass


async def wait_for_change(submission_id: UUID, *, after: int, seconds: float) -> None:
    """Return when something about the submission changes, at the latest after `seconds`.

    `after` is the id of the last `StateChange` that the caller has seen: a later one that is
    already there counts as a change, so none is missed between reading and waiting. Where Redis
    does not answer, it returns after a moment, so that callers go by the database alone.
    """
    try:
        await _wait_for_nudge(submission_id, after=after, seconds=seconds)
    except redis.RedisError as error:
        log.warning("nobody nudges", error=str(error))
        await asyncio.sleep(min(seconds, WITHOUT_NUDGES_SECONDS))


async def _wait_for_nudge(submission_id: UUID, *, after: int, seconds: float) -> None:
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
