"""What lives as long as the worker's process, and in which order it comes and goes."""

import fcntl
import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog

from evaluator.contract import PREDICTIONS, Machine, Presence, Role, Strength
from evaluator.sandbox.base import Sandbox
from evaluator.sandbox.choice import (
    DEFAULT_HARNESS_IMAGE,
    choose_metric_sandbox,
    choose_sandbox,
)
from evaluator.sandbox.metric_base import MetricSandbox
from evaluator.worker.attempt import Attempts
from evaluator.worker.cache import BlobCache
from evaluator.worker.clipping import clip_detail
from evaluator.worker.concurrency import device_of_slot
from evaluator.worker.config import WorkerConfig
from evaluator.worker.fetching import Fetcher
from evaluator.worker.gpu import gpu_of
from evaluator.worker.platform_client import PlatformClient
from evaluator.worker.presence import PresenceReporter
from evaluator.worker.sandboxes import Sandboxes
from evaluator.worker.shutdown import Shutdown
from evaluator.worker.work import Work

WORK_DIRECTORY_MODE: Final = 0o711
"""A sandbox's other user may pass through to the files it is shown, and list nothing."""

SANDBOXES: Final = "sandboxes"
"""The folder in a worker's scratch in which all its sandboxes have their own. Each sweeps what dead
ones have left there, so nothing is missed by a worker that starts with fewer slots."""

log = structlog.get_logger()


class ScratchInUse(Exception):
    """Another worker runs in this scratch folder."""


def configured_sandbox(config: WorkerConfig, slot: int) -> Sandbox:
    """The sandbox of one slot. Raises `SandboxUnavailable`."""
    return choose_sandbox(
        config.sandbox,
        scratch=_sandbox_scratch(config),
        harness_image=config.harness_image or DEFAULT_HARNESS_IMAGE,
        gpu=device_of_slot(config.gpu, slot),
        pool=config.pool,
        fork_servers=config.fork_servers,
    )


def configured_metric_sandbox(config: WorkerConfig) -> MetricSandbox | None:
    """The sandbox for organizers' metrics, None without a container engine.

    Raises `SandboxUnavailable`.
    """
    return choose_metric_sandbox(
        config.sandbox,
        scratch=_sandbox_scratch(config),
        harness_image=config.harness_image or DEFAULT_HARNESS_IMAGE,
    )


def _sandbox_scratch(config: WorkerConfig) -> Path:
    scratch = config.scratch / SANDBOXES
    scratch.mkdir(mode=WORK_DIRECTORY_MODE, exist_ok=True)
    return scratch


class Runtime:
    """A worker's parts. `start` before the first job, `stop` after the last."""

    def __init__(
        self,
        config: WorkerConfig,
        *,
        make_sandbox: Callable[[WorkerConfig, int], Sandbox] = configured_sandbox,
    ) -> None:
        self._config = config
        self._make_sandbox = make_sandbox
        self._shutdown = Shutdown()
        self._closers: list[Callable[[], None]] = []
        self._attempts: Attempts[Any, Any] | None = None

    def start(self) -> None:
        """Make everything ready, then tell the platform that this worker is there.

        Raises `ScratchInUse` and `SandboxUnavailable`, and leaves nothing open then.
        """
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def evaluate(self, evaluation: UUID, attempt: int) -> None:
        """Carry out one attempt. Needs `start`."""
        if self._attempts is None:
            raise RuntimeError("The worker has not started")
        self._attempts.carry_out(evaluation, attempt)

    def begin_shutdown(self) -> None:
        """Let running jobs go on for the grace period; what runs then is handed back."""
        self._shutdown.begin(self._config.grace_seconds)

    def stop(self) -> None:
        """Close everything, the last opened first. No job may be running."""
        while self._closers:
            self._closers.pop()()

    def _start(self) -> None:
        config = self._config
        jobs = self._own_scratch()
        client = PlatformClient(config.platform_url, config.key.get_secret_value())
        self._closers.append(client.close)
        fetcher = Fetcher(client, BlobCache(config.cache, config.cache_bytes))
        strength: Strength | None = None
        formats: frozenset[str] = frozenset()
        machine: Machine | None = None
        work: Work[Any, Any]
        # Imported by role: metrics take seconds to load, and a predict worker has no use for them.
        if config.role is Role.PREDICT:
            from evaluator.worker.predict import Predicting

            sandboxes = Sandboxes(lambda slot: self._make_sandbox(config, slot), config.slots)
            self._closers.append(sandboxes.close)
            strength, formats = sandboxes.strength, sandboxes.formats | {PREDICTIONS}
            machine = sandboxes.machine.model_copy(update={"gpu": gpu_of(config.gpu)})
            work = Predicting(client, fetcher, sandboxes)
        else:
            from evaluator.worker.custom_metric import CustomMetric
            from evaluator.worker.score import Scoring

            metric_sandbox = configured_metric_sandbox(config)
            if metric_sandbox is not None:
                self._closers.append(metric_sandbox.close)
                strength = metric_sandbox.strength
            work = Scoring(client, fetcher, CustomMetric(metric_sandbox))
        attempts: Attempts[Any, Any] = Attempts(
            client, work, worker=config.name, folder=jobs, shutdown=self._shutdown
        )
        self._attempts = attempts
        offer = _offer(config, strength, formats, machine)
        presence = PresenceReporter(client, lambda: _presence(offer, attempts))
        presence.start()
        self._closers.append(presence.stop)

    def _own_scratch(self) -> Path:
        """The folder for jobs, emptied of what a worker that died has left."""
        scratch = self._config.scratch
        scratch.mkdir(mode=WORK_DIRECTORY_MODE, parents=True, exist_ok=True)
        lock = (scratch / "worker.lock").open("w")
        self._closers.append(lock.close)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ScratchInUse(
                f"Another worker uses {scratch}. Give each worker its own "
                "MINIGIANTS_WORKER_SCRATCH."
            ) from None
        jobs = scratch / "jobs"
        shutil.rmtree(jobs, ignore_errors=True)
        jobs.mkdir(mode=WORK_DIRECTORY_MODE, exist_ok=True)
        return jobs


def _presence(offer: Presence, attempts: Attempts[Any, Any]) -> Presence:
    """What the worker says of itself now."""
    return offer.model_copy(update={"hindrance": clip_detail(attempts.hindrance)})


def _offer(
    config: WorkerConfig,
    strength: Strength | None,
    formats: frozenset[str],
    machine: Machine | None,
) -> Presence:
    try:
        version = metadata.version("minigiants")
    except metadata.PackageNotFoundError:  # run from a source tree
        version = ""
    return Presence(
        worker=config.name,
        role=config.role,
        profile=config.profile,
        slots=config.slots,
        strength=strength,
        formats=tuple(sorted(formats)),
        machine=machine,
        version=version,
    )
