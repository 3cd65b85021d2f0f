"""An attempt's lease: renewed while the work goes on, and the one place that says stop."""

import threading
import time
from contextvars import copy_context
from types import TracebackType
from typing import Self

import structlog

from evaluator.contract import ClaimedJob, Heartbeat, Stage
from evaluator.worker.platform_client import PlatformClient, Refused, Superseded, Unreachable
from evaluator.worker.shutdown import Shutdown

log = structlog.get_logger()


class HandedBack(Exception):
    """The worker shuts down and its grace period is over: another has to do this attempt."""


class Lease:
    """Keeps a claimed attempt alive from a thread of its own, within `with`.

    Every third of the lease's length it says where the work stands. The lease is lost when the
    platform no longer wants the attempt, or could not be reached for as long as the lease lasts;
    then somebody else has the attempt, and what happens here does not count.
    """

    def __init__(self, client: PlatformClient, job: ClaimedJob, *, shutdown: Shutdown) -> None:
        self.stage = Stage.FETCHING
        self._client = client
        self._job = job
        self._shutdown = shutdown
        self._lost = threading.Event()
        self._done = threading.Event()
        self._seconds = job.lease_seconds
        self._expires = time.monotonic() + job.lease_seconds
        context = copy_context()  # so that its log lines name the evaluation, too
        self._thread = threading.Thread(
            target=context.run, args=(self._renew,), name="heartbeat", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def proceed(self, stage: Stage) -> bool:
        """Note where the work stands; false if it should stop. What a sandbox calls `on_stage`."""
        self.stage = stage
        return not (self._lost.is_set() or self._shutdown.overdue.is_set())

    def check(self) -> None:
        """Raise `Superseded` if the lease is lost, `HandedBack` if the worker must stop."""
        if self._lost.is_set():
            raise Superseded("the lease is lost")
        if self._shutdown.overdue.is_set():
            raise HandedBack

    def pause(self, seconds: float) -> bool:
        """Wait within the lease; false as soon as it is lost."""
        return not self._lost.wait(seconds)

    def _renew(self) -> None:
        wait = self._seconds / 3
        while not self._done.wait(wait):
            heartbeat = Heartbeat(
                attempt=self._job.attempt, report_token=self._job.report_token, stage=self.stage
            )
            try:
                answer = self._client.heartbeat(self._job.heartbeat_url, heartbeat)
            except Unreachable as error:
                left = self._expires - time.monotonic()
                if left <= 0:
                    self._lose(f"not renewed in time ({error})")
                    return
                wait = min(self._seconds / 12, left)
                continue
            except (Superseded, Refused) as error:
                self._lose(str(error))
                return
            if not answer.proceed:
                self._lose("no longer wanted")
                return
            self._seconds = answer.lease_seconds
            self._expires = time.monotonic() + self._seconds
            wait = self._seconds / 3

    def _lose(self, reason: str) -> None:
        if not self._done.is_set():
            log.warning("the lease is lost", reason=reason)
        self._lost.set()
