"""The sandbox where no container engine answers: a confined child process.

It holds only formats in which no participant code runs. What remains weaker than a container: the
harness filters its own system calls, memory is limited as address space and judged by its peak, CPU
by threads alone.
"""

import math
import sys
from pathlib import Path

from evaluator.contract import Limits, Measurements, Stage, Strength
from evaluator.sandbox import verdicts
from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.confinement.plan import Plan
from evaluator.sandbox.conversation import JOB_MOUNT, Conversation
from evaluator.sandbox.environment import harness_arguments, harness_environment, threads_for
from evaluator.sandbox.exchange import Exchange
from evaluator.sandbox.fallback_guest import FallbackGuest
from evaluator.sandbox.python_runtime import PythonRuntime
from evaluator.sandbox.workspace import JobFolder, Workspace

SCRATCH_MOUNT = "/tmp"  # noqa: S108 inside the sandbox, a tmpfs of its own
FIRST_USER = 1_900_000_000
USERS = 65_536
UNUSED_ADDRESS_SPACE = 1024**3
"""Address space that libraries reserve and never use, in bytes, beyond the limit on memory."""

SPARE_CPU_SECONDS = 60
PROOF_LOG_BYTES = 65_536


class FallbackSandbox:
    """Runs `onnx` in namespaces of its own; refuses what needs a container."""

    strength = Strength.FALLBACK
    formats = frozenset({"onnx"})

    def __init__(self, *, scratch: Path) -> None:
        """Prove that the kernel allows the confinement. Raises `SandboxUnavailable`."""
        if not sys.platform.startswith("linux"):
            raise SandboxUnavailable("The fallback sandbox needs Linux. Start a container engine.")
        self._runtime = PythonRuntime.of_this_process()
        try:
            self._workspace = Workspace(scratch)
        except OSError as error:
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        try:
            self._workspace.sweep()
            self._prove()
        except SandboxFault as fault:
            self._workspace.close()
            raise SandboxUnavailable(
                f"{fault} The fallback sandbox needs root, or user namespaces for ordinary users "
                "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns); "
                "otherwise start a container engine."
            ) from fault

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        """Run one model in a process of its own."""
        if request.format not in self.formats:
            return _needs_container(request)
        with self._workspace.job() as job:
            guest = FallbackGuest(self._plan(request.format, request.limits, job, request.seed))
            try:
                return Conversation(
                    request,
                    guest,
                    job,
                    strength=self.strength,
                    device="cpu",
                    on_stage=on_stage,
                ).hold()
            finally:
                guest.destroy()

    def close(self) -> None:
        """Remove the folders of this sandbox, and those of workers that have died."""
        self._workspace.sweep()
        self._workspace.close()

    def _prove(self) -> None:
        with self._workspace.job() as job:
            guest = FallbackGuest(self._plan("onnx", Limits(), job, seed=0))
            try:
                Exchange(guest, log_bytes=PROOF_LOG_BYTES, on_tick=lambda: None).await_ready()
            finally:
                guest.destroy()

    def _plan(self, format_name: str, limits: Limits, job: JobFolder, seed: int) -> Plan:
        runtime = self._runtime
        wall_seconds = limits.load_seconds + limits.smoke_seconds + limits.hidden_seconds
        program = [runtime.interpreter, "-s", "-m", "evaluator.harness"]
        return Plan(
            root=str(self._workspace.mount_point),
            binds={**runtime.binds, JOB_MOUNT: str(job.path)},
            links=runtime.links,
            scratch=SCRATCH_MOUNT,
            scratch_bytes=limits.scratch_bytes,
            arguments=[*program, *harness_arguments(format_name, limits)],
            environment={
                **harness_environment(limits, seed=seed),
                "PYTHONPATH": runtime.search_path,
            },
            uid=FIRST_USER + int(self._workspace.owner, 16) % USERS,
            address_space=limits.memory_bytes + UNUSED_ADDRESS_SPACE,
            processes=limits.processes,
            open_files=limits.open_files,
            file_bytes=limits.scratch_bytes,
            cpu_seconds=math.ceil(wall_seconds) * threads_for(limits) + SPARE_CPU_SECONDS,
        )


def _needs_container(request: SandboxRequest) -> SandboxResult:
    return SandboxResult(
        failure=verdicts.NEEDS_CONTAINER.failure,
        failed_stage=Stage.STARTING,
        failure_detail=verdicts.NEEDS_CONTAINER.sentence(request.limits),
        predictions=None,
        smoke_log="",
        host_log="",
        measurements=Measurements(sandbox=Strength.FALLBACK),
    )
