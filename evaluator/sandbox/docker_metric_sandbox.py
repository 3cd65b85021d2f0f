"""Runs an organizer's metric in a container of its own: one for each call, never beside a model.

The code is the organizer's, not ours. It sees the rows of one split and nothing else of the host,
has no network, and its answer is read as one reads a participant's. It never runs without a
container: the embedded fallback has no place for it.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NoReturn

from evaluator.contract import Limits, MetricLimits
from evaluator.harness.metric_answer import CALL, CODE, MODULE, SOLUTION, SUBMISSION
from evaluator.sandbox.base import NotBegun, SandboxFault
from evaluator.sandbox.container import ContainerSettings, container_settings
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.engine import STRENGTHS
from evaluator.sandbox.environment import FILTER_SYSTEM_CALLS
from evaluator.sandbox.guest import Exit, GuestLeft, Source
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.logs import LogBook, LogTooLarge
from evaluator.sandbox.metric_answer import answer_limit, read_answer
from evaluator.sandbox.metric_base import MetricCall, MetricFailed, MetricResult
from evaluator.sandbox.pool import Pool
from evaluator.sandbox.ready_guest import ReadyGuest
from evaluator.sandbox.tenancy import Tenancy
from evaluator.sandbox.workspace import JobFolder

LOG_BYTES: Final = 256 * 1024
TICK_SECONDS: Final = 0.5
FORMAT: Final = "metric"
"""What a metric's container runs, as the format of its key."""


class DockerMetricSandbox:
    """Containers for metrics on one engine. Threads may share it."""

    def __init__(self, *, scratch: Path, image: str, runtime: str) -> None:
        """Find the engine, its runtime and the image. Raises `SandboxUnavailable`."""
        self.strength = STRENGTHS[runtime]
        self._image = image
        self._runtime = runtime
        self._tenancy = Tenancy(scratch=scratch, image=image, runtime=runtime)
        self._api, self._workspace = self._tenancy.api, self._tenancy.workspace
        self._endings = Pool(_none_waits, size=0, reusable=False, name="metric-endings")

    def run(self, call: MetricCall, *, on_tick: Callable[[], None]) -> MetricResult:
        """Call the metric once, in a container that is gone afterwards."""
        limits = _limits(call.limits)
        with self._workspace.job() as job:
            _lay_out(call, job)
            with self._guest(limits, job) as guest:
                return _listen(guest, call, limits, on_tick)

    def prove(self) -> None:
        """See whether a container can begin: one without a call, which ends by itself."""
        with self._workspace.job() as job, self._guest(_limits(MetricLimits()), job):
            pass

    def close(self) -> None:
        """Remove what this sandbox, and others whose worker has died, left on the machine."""
        try:
            with contextlib.suppress(SandboxFault):  # all of them are removed by their label
                self._endings.close()
        finally:
            self._tenancy.close()

    @contextlib.contextmanager
    def _guest(self, limits: Limits, job: JobFolder) -> Iterator[DockerGuest]:
        """A container that is gone afterwards. Raises `NotBegun` if it can't begin."""
        key = GuestKey.of(FORMAT, limits)
        try:
            guest = DockerGuest(self._api, self._settings(limits, job))
        except SandboxFault as fault:
            if isinstance(fault, GuestLeft):
                self._endings.retire(ReadyGuest(key, fault.guest, job))
            raise NotBegun(str(fault)) from fault
        try:
            yield guest
        finally:
            self._endings.destroy(ReadyGuest(key, guest, job))

    def _settings(self, limits: Limits, job: JobFolder) -> ContainerSettings:
        return container_settings(
            [MODULE, FILTER_SYSTEM_CALLS],
            limits,
            image=self._image,
            runtime=self._runtime,
            job=job.path,
            owner=self._workspace.owner,
        )


def _none_waits(_key: GuestKey, _on_tick: Callable[[], None]) -> NoReturn:
    """For a pool that only destroys what others would not."""
    raise SandboxFault("Containers of metrics are never started ahead.")


def _limits(limits: MetricLimits) -> Limits:
    return Limits(memory_bytes=limits.memory_bytes, log_bytes=LOG_BYTES)


def _lay_out(call: MetricCall, job: JobFolder) -> None:
    job.place(call.code, CODE)
    job.place(call.solution, SOLUTION)
    job.place(call.submission, SUBMISSION)
    told = {"row_id_column_name": call.row_id_column, "params": dict(call.params)}
    file = job.path / CALL
    file.write_text(json.dumps(told))
    file.chmod(0o444)  # whatever this process' umask is, the sandbox's user has to read it


def _listen(
    guest: DockerGuest, call: MetricCall, limits: Limits, on_tick: Callable[[], None]
) -> MetricResult:
    """Hear the metric out and judge its answer. What it printed goes with a failure."""
    log = LogBook(limits.log_bytes)
    log.close_smoke()
    try:
        answer = _answer(guest, call, log, on_tick)
        _require_orderly(guest.destroy(), limits)
        score, losses = read_answer(answer, call.rows)
    except LogTooLarge:
        said = f"The metric printed more than {limits.log_bytes} bytes."
        raise MetricFailed(said, log=log.host_log) from None
    except MetricFailed as failed:
        raise MetricFailed(str(failed), log=log.host_log) from failed
    return MetricResult(score, losses)


def _answer(
    guest: DockerGuest, call: MetricCall, log: LogBook, on_tick: Callable[[], None]
) -> bytes:
    """All that the container wrote to standard output until its end."""
    deadline = time.monotonic() + call.limits.time_seconds
    most = answer_limit(call.rows)
    answer = bytearray()
    while (chunks := guest.receive(TICK_SECONDS)) is not None:
        on_tick()
        for source, data in chunks:
            if source is Source.LOG:
                log.feed(data)
            else:
                answer += data
        if len(answer) > most:
            raise MetricFailed(f"The metric answered more than {most} bytes.")
        if time.monotonic() > deadline:
            seconds = call.limits.time_seconds
            raise MetricFailed(f"The metric took longer than {seconds:g} s for one split.")
    return bytes(answer)


def _require_orderly(ending: Exit, limits: Limits) -> None:
    if ending.out_of_memory and ending.code != 0:
        mebibytes = limits.memory_bytes / 1024**2
        raise MetricFailed(f"The metric needed more than {mebibytes:g} MiB of memory.")
    if ending.code != 0:
        raise MetricFailed(f"The metric's process ended with the exit status {ending.code}.")
