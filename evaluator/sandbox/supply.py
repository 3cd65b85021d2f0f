"""Where a sandbox's guests come from: ready ones, fork servers, or started for the job.

A format with participant code gets a guest that is used once and destroyed, and so does every model
on a GPU. Else one without is run in a forked child of a guest that stays: see
`evaluator.harness.fork_server`.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from evaluator.contract import Device, Limits, Stage, Strength
from evaluator.harness.protocol import CPU
from evaluator.sandbox.base import (
    NotBegun,
    OnStage,
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
)
from evaluator.sandbox.conversation import JOB_MOUNT, Conversation
from evaluator.sandbox.exchange import await_ready
from evaluator.sandbox.forked_guest import ForkedGuest
from evaluator.sandbox.guest import Guest, GuestLeft
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.pool import Pool
from evaluator.sandbox.ready_guest import ReadyGuest
from evaluator.sandbox.workspace import JobFolder, Workspace

FORK_SERVERS = 3
"""How many fork servers, of different keys, a sandbox keeps unless it is told."""

PREWARMED = ("onnx", "python")
"""Formats that get a guest before anybody asks, if guests are kept ready at all. A fork server for
`transformers` holds several hundred MiB, and is started with the first job that needs it."""


@dataclass(frozen=True)
class _Place:
    """Where one job runs: a guest, the files that it sees, and under which path it sees them.

    `cpu_before` is the CPU time in seconds that the guest had used before, None if it is not known.
    """

    guest: Guest
    job: JobFolder
    mount: str
    cpu_before: float | None


class GuestSupply:
    """Runs one job at a time, in guests that `start(key, folder)` starts."""

    def __init__(
        self,
        start: Callable[[GuestKey, JobFolder], Guest],
        workspace: Workspace,
        *,
        strength: Strength,
        device: Device,
        pool: int,
        fork_servers: int = FORK_SERVERS,
    ) -> None:
        """`device` is the best that a guest is given; `pool` is how many wait to be used once."""
        self._start = start
        self._workspace = workspace
        self._strength = strength
        self._device = device
        self._single = Pool(self.start, size=pool, reusable=False, name="warm-pool")
        self._servers = Pool(self.start, size=fork_servers, reusable=True, name="fork-servers")

    def prewarm(self, formats: frozenset[str]) -> None:
        """Have guests ready for those of `PREWARMED` that are in `formats`, under usual limits."""
        for format_name in sorted(formats.intersection(PREWARMED)):
            key = self._key(format_name, Limits())
            self._pool(key).prefer(key)

    def start(self, key: GuestKey, on_tick: Callable[[], None]) -> ReadyGuest:
        """Start a guest, and wait until it is ready.

        Raises `NotBegun`, and what `on_tick` raises.
        """
        try:
            return self._ready(key, on_tick)
        except SandboxFault as fault:
            raise NotBegun(str(fault)) from fault

    def _ready(self, key: GuestKey, on_tick: Callable[[], None]) -> ReadyGuest:
        folder = self._workspace.new_job()
        try:
            guest = self._start(key, folder)
        except GuestLeft as left:
            self._pool(key).retire(ReadyGuest(key, left.guest, folder))
            raise
        except BaseException:
            folder.remove()
            raise
        ready = ReadyGuest(key, guest, folder)
        try:
            await_ready(guest, on_tick)
        except BaseException:
            self._pool(key).destroy(ready)
            raise
        return ready

    def prove(self, format_name: str, on_tick: Callable[[], None]) -> None:
        """Start a guest for a format, under usual limits. It stays, for the next job that it fits.

        Raises `NotBegun`, and what `on_tick` raises.
        """
        ready = self.start(self._key(format_name, Limits()), on_tick)
        pool = self._pool(ready.key)
        pool.prefer(ready.key)
        pool.give_back(ready)

    def waiting(self, key: GuestKey) -> int:
        """How many guests of a key are ready for a job."""
        return self._pool(key).waiting(key)

    def run(self, request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        """Run one model. See `Sandbox.run`."""

        def tick() -> None:
            if not on_stage(Stage.STARTING):
                raise SandboxCancelled

        tick()
        key = self._key(request.format, request.limits)
        serve = self._in_fork if key.forks else self._alone
        with serve(key, tick) as place:
            return Conversation(
                request,
                place.guest,
                place.job,
                strength=self._strength,
                device=key.device,
                on_stage=on_stage,
                mount=place.mount,
                cpu_before=place.cpu_before,
            ).hold()

    def close(self) -> None:
        """End all guests. Raises `SandboxFault` if the engine did not remove everything."""
        try:
            self._single.close()
        finally:
            self._servers.close()

    def _key(self, format_name: str, limits: Limits) -> GuestKey:
        return GuestKey.of(format_name, limits, best_device=self._device)

    def _pool(self, key: GuestKey) -> Pool:
        return self._servers if key.forks else self._single

    @contextlib.contextmanager
    def _alone(self, key: GuestKey, tick: Callable[[], None]) -> Iterator[_Place]:
        """A guest for one job. Its kernel-side end is off the job's path if nothing went wrong.

        Not so on a GPU, whose memory no limit shares out: the next model must find all of it.
        """
        ready = self._single.take(key) or self.start(key, tick)
        try:
            # Of a container the kernel counts its imports too, which are not the model's.
            cpu_before = ready.guest.usage().cpu_seconds
            yield _Place(ready.guest, ready.folder, JOB_MOUNT, cpu_before)
        except BaseException:
            self._single.destroy(ready)
            raise
        if key.device == CPU:
            self._single.retire(ready)
        else:
            self._single.destroy(ready)

    @contextlib.contextmanager
    def _in_fork(self, key: GuestKey, tick: Callable[[], None]) -> Iterator[_Place]:
        """A child of a fork server, which stays if the child has ended in good order."""
        ready = self._servers.take(key)
        survived = False
        try:
            ready = ready or self.start(key, tick)
            part = secrets.token_hex(8)
            job = ready.folder.part(part)
            child = ForkedGuest(ready.guest, memory_bytes=key.limits.memory_bytes)
            try:
                yield _Place(child, job, f"{JOB_MOUNT}/{part}", cpu_before=0.0)
            finally:
                with contextlib.suppress(SandboxFault):  # below the server is destroyed again
                    child.destroy()
                job.remove()
                # The next submission must find neither a process nor a file of this one.
                survived = child.survived and not job.path.exists()
        finally:
            if ready is not None and survived:
                self._servers.give_back(ready)
            else:
                self._servers.forget(key)
                if ready is not None:
                    self._servers.destroy(ready)
