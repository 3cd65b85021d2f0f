"""`manage.py dispatcher`: hands out work, takes lost work back, and wakes the housekeeping."""

import signal
import threading
import time
from dataclasses import dataclass
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import OperationalError, close_old_connections
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from minigiants.config.celery import app as celery
from minigiants.core.outbox import outbox_waiting
from minigiants.leaderboards.board_statistics import COMPUTE_TASK, statistics_ask
from minigiants.leaderboards.evidence import COMPARE_TASK, divisions_waiting
from minigiants.submissions.dispatch import Carrier, dispatch
from minigiants.submissions.live import AnyChange
from minigiants.submissions.reaper import dispatches_reap, leases_reap
from minigiants.submissions.rescoring import rescores_advance
from minigiants.submissions.trials import CONCLUDE_TASK, trials_complete

log = structlog.get_logger(__name__)

IDLE_SECONDS = 0.5
"""How long to wait for a change: as late as this comes what is due without one."""
REAP_SECONDS = 5
SWEEP_SECONDS = 600
PLATFORM_QUEUE = "platform"
SWEEPS = (
    "artifacts.uploads_sweep",
    "artifacts.blobs_collect",
    "api.idempotency_sweep",
    "notifications.deliveries_sweep",
    "leaderboards.ranks_note",
)
RETRY_SECONDS = 5
"""How late what was to be sent again (to a webhook) may be."""
OUTBOX_SECONDS = 2
STATISTICS_SECONDS = 2
"""How late a board's statistics are begun: what happens within it is computed once."""


@dataclass
class Interval:
    """Says when something that recurs is due."""

    seconds: float
    due: float = 0.0

    def passed(self) -> bool:
        """Whether it is due; if so, the next time is set."""
        now = time.monotonic()
        if now < self.due:
            return False
        self.due = now + self.seconds
        return True


class Command(BaseCommand):
    help = "Hands queued evaluations to workers and takes back what lost workers held."

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        carrier = Carrier(celery=celery, redis=Redis.from_url(settings.BROKER_URL))
        reaping, sweeping, posting, retrying, computing = (
            Interval(REAP_SECONDS),
            Interval(SWEEP_SECONDS),
            Interval(OUTBOX_SECONDS),
            Interval(RETRY_SECONDS),
            Interval(STATISTICS_SECONDS),
        )
        with AnyChange() as changes:
            while not stopping.is_set():
                try:
                    if reaping.passed():
                        taken = leases_reap()
                        again = dispatches_reap()
                        rescores_advance()
                        for trial in trials_complete():
                            celery.send_task(CONCLUDE_TASK, args=[str(trial)])
                        if taken or again:
                            log.warning("took back", leases=taken, messages=again)
                    if sweeping.passed():
                        for sweep in SWEEPS:
                            celery.send_task(sweep)
                    posts = posting.passed() and outbox_waiting().exists()
                    if posts or (retrying.passed() and not carrier.redis.llen(PLATFORM_QUEUE)):
                        celery.send_task("notifications.deliver")
                    if computing.passed():
                        _ask_for_statistics(is_idle=not carrier.redis.llen(PLATFORM_QUEUE))
                    # Once fills what room there is; more comes with a claim, which is a change.
                    dispatch(carrier)
                    changes.wait(IDLE_SECONDS)
                except (OperationalError, RedisConnectionError) as error:
                    # The database or Redis is away: nothing is lost, since both only carry.
                    log.warning("waiting for database and broker", error=str(error))
                    close_old_connections()
                    stopping.wait(1.0)


def _ask_for_statistics(*, is_idle: bool) -> None:
    for board in statistics_ask():
        celery.send_task(COMPUTE_TASK, args=[str(board)])
    # Submissions wait until they are compared: there is no need to ask for them twice.
    if is_idle:
        for division in divisions_waiting():
            celery.send_task(COMPARE_TASK, args=[str(division)])
