"""The way of one attempt: claim, work under a lease, report once."""

import shutil
from pathlib import Path
from typing import Final, Generic
from uuid import UUID, uuid4

import structlog

from evaluator.contract import ClaimRequest, Failure
from evaluator.sandbox.base import NotBegun, SandboxError
from evaluator.tasks.errors import TaskError
from evaluator.worker.cache import BlobMismatch
from evaluator.worker.fetching import UnsafePath
from evaluator.worker.lease import HandedBack, Lease
from evaluator.worker.platform_client import (
    PlatformClient,
    PlatformError,
    Refused,
    Superseded,
    Unreachable,
)
from evaluator.worker.recovery import Recovery
from evaluator.worker.retry import retried
from evaluator.worker.shutdown import Shutdown
from evaluator.worker.work import J, R, Work

CLAIM_SECONDS: Final = 30.0
"""How long a claim is tried. An attempt that nobody claims, the platform sends out again."""
REPORT_SECONDS: Final = 600.0
"""How long a report is tried, if the lease lasts."""

EXPECTED_FAULTS: Final = (PlatformError, BlobMismatch, SandboxError, TaskError, UnsafePath, OSError)
"""Faults that explain themselves; of any other the log keeps the traceback."""

HINDRANCES: Final = (NotBegun, OSError)
"""Faults that the next job on this machine would meet as well: no guest begins, a disk is full."""

log = structlog.get_logger()


class Attempts(Generic[J, R]):
    """Carries out attempts for one worker. Threads may share it.

    `folder` is where jobs get their own folders, which are gone when they end.
    """

    def __init__(
        self,
        client: PlatformClient,
        work: Work[J, R],
        *,
        worker: str,
        folder: Path,
        shutdown: Shutdown,
    ) -> None:
        self._client = client
        self._work = work
        self._worker = worker
        self._folder = folder
        self._shutdown = shutdown
        self._recovery = Recovery(work.prove, shutdown=shutdown)

    @property
    def hindrance(self) -> str:
        """Why this worker takes no attempts at present; empty while it does."""
        return self._recovery.hindrance

    def carry_out(self, evaluation: UUID, attempt: int) -> None:
        """Claim the attempt and see it through. Raises nothing that the platform could mend.

        Where jobs can't begin here, it waits until they can: before the claim, so that no attempt
        is spent (its message is sent again, and another worker may have it meanwhile), and after
        the report, so that the slot takes no message that it has no use for.
        """
        with structlog.contextvars.bound_contextvars(evaluation=str(evaluation), attempt=attempt):
            if self._recovery.wait():
                self._see_through(evaluation, attempt)
        self._recovery.wait()

    def _see_through(self, evaluation: UUID, attempt: int) -> None:
        job = self._claim(evaluation, attempt)
        if job is None:
            return
        log.info("claimed")
        with Lease(self._client, job, shutdown=self._shutdown) as lease:
            report = self._report_of(job, lease)
            if report is not None:
                self._report(job, report, lease)

    def _claim(self, evaluation: UUID, attempt: int) -> J | None:
        request = ClaimRequest(attempt=attempt, worker=self._worker, claim=uuid4())
        try:
            return retried(
                lambda: self._client.claim(self._work.job_type, evaluation, request),
                what="claim",
                pause=lambda seconds: not self._shutdown.begun.wait(seconds),
                seconds=CLAIM_SECONDS,
            )
        except Superseded as error:
            log.info("the claim is lost", reason=str(error))
        except (Refused, Unreachable) as error:
            log.error("the claim failed", reason=str(error))
        return None

    def _report_of(self, job: J, lease: Lease) -> R | None:
        folder = self._folder / f"{job.evaluation}-{job.attempt}-{uuid4().hex[:8]}"
        try:
            folder.mkdir(mode=0o755)
            report = self._work.execute(job, folder, lease)
            self._recovery.succeed()
            return report
        except Superseded as error:
            log.info("dropped", reason=str(error))
            return None
        except HandedBack:
            log.info("handed back")
            return self._work.fault(
                job, Failure.HANDED_BACK, lease.stage, "The worker was shut down."
            )
        except EXPECTED_FAULTS as error:
            log.error("fault", stage=lease.stage, reason=str(error))
            if isinstance(error, HINDRANCES):
                self._recovery.hinder(str(error))
            return self._fault(job, lease, f"{type(error).__name__}: {error}")
        except Exception as error:
            log.exception("unexpected fault", stage=lease.stage)
            return self._fault(
                job, lease, f"{type(error).__name__}; the worker's log has the details."
            )
        finally:
            _remove(folder)

    def _fault(self, job: J, lease: Lease, detail: str) -> R:
        return self._work.fault(job, Failure.WORKER_FAULT, lease.stage, detail)

    def _report(self, job: J, report: R, lease: Lease) -> None:
        try:
            retried(
                lambda: self._client.report(job.report_url, report),
                what="report",
                pause=lease.pause,
                seconds=REPORT_SECONDS,
            )
        except Superseded as error:
            log.info("the report came too late", reason=str(error))
        except (Refused, Unreachable) as error:
            log.error("the report failed", reason=str(error))
        else:
            log.info("reported", failure=report.failure)


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:  # the next start of this worker clears what stays
        log.error("a job's folder could not be removed", reason=str(error))
