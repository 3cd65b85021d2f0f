"""The sandbox where no container engine answers: a confined child process.

It holds only formats in which no participant code runs. What remains weaker than a container: the
harness filters its own system calls, memory is limited as address space and judged by its peak, CPU
by threads alone.
"""

import sys
from pathlib import Path

from evaluator.contract import Failure, Limits, Measurements, Stage, Strength
from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.confinement.plan import Plan
from evaluator.sandbox.conversation import JOB_MOUNT
from evaluator.sandbox.environment import (
    HARNESS_MODULE,
    SERVE,
    harness_arguments,
    harness_environment,
)
from evaluator.sandbox.fallback_guest import FallbackGuest
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.machine import on_machine, this_machine
from evaluator.sandbox.python_runtime import PythonRuntime
from evaluator.sandbox.supply import GuestSupply
from evaluator.sandbox.workspace import JobFolder, Workspace

FIRST_USER = 1_900_000_000
USERS = 65_536
FORK_SERVER = 1
"""The process that forks, beside those of a submission."""

UNUSED_ADDRESS_SPACE = {"onnx": 1024**3, "transformers": 3 * 1024**3}
"""Address space that libraries reserve and hardly use, in bytes, beyond the limit on memory."""


class FallbackSandbox:
    """Runs `onnx`, and `transformers` where torch is installed, in namespaces of its own.

    Refuses what needs a container.
    """

    strength = Strength.FALLBACK

    def __init__(self, *, scratch: Path) -> None:
        """Prove that the kernel allows the confinement. Raises `SandboxUnavailable`."""
        if not sys.platform.startswith("linux"):
            raise SandboxUnavailable("The fallback sandbox needs Linux. Start a container engine.")
        self._runtime = PythonRuntime.of_this_process()
        self.formats = self._runtime.formats
        self.machine = this_machine()
        try:
            self._workspace = Workspace(scratch)
        except OSError as error:
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        self._supply = GuestSupply(
            self._start, self._workspace, strength=self.strength, device="cpu", pool=0
        )
        try:
            self._workspace.sweep()
            self._prove()
        except SandboxFault as fault:
            self._supply.close()
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
        return self._supply.run(on_machine(request, self.machine), on_stage)

    def close(self) -> None:
        """Remove the folders of this sandbox, and those of workers that have died."""
        self._supply.close()
        self._workspace.sweep()
        self._workspace.close()

    def _prove(self) -> None:
        """Start a guest, of the kind that is ready first. It stays, for the first job."""
        key = GuestKey.of(min(self.formats), Limits())
        self._supply.keep(self._supply.start(key, lambda: None))

    def _start(self, key: GuestKey, job: JobFolder) -> FallbackGuest:
        return FallbackGuest(self._plan(key, job))

    def _plan(self, key: GuestKey, job: JobFolder) -> Plan:
        runtime, limits = self._runtime, key.limits
        program = [runtime.interpreter, "-s", "-m", HARNESS_MODULE]
        return Plan(
            root=str(self._workspace.mount_point),
            binds={**runtime.binds, JOB_MOUNT: str(job.path)},
            links=runtime.links,
            arguments=[*program, *harness_arguments(key.format, limits, mode=SERVE)],
            environment={
                **harness_environment(threads=1),  # its children take more
                "PYTHONPATH": runtime.search_path,
            },
            uid=FIRST_USER + int(self._workspace.owner, 16) % USERS,
            address_space=limits.memory_bytes + UNUSED_ADDRESS_SPACE[key.format],
            processes=limits.processes + FORK_SERVER,
            open_files=limits.open_files,
        )


def _needs_container(request: SandboxRequest) -> SandboxResult:
    return SandboxResult(
        failure=Failure.NEEDS_CONTAINER,
        failed_stage=Stage.STARTING,
        failure_detail=(
            f"The format {request.format} runs participants' code, which needs a container engine; "
            "this server has none."
        ),
        predictions=None,
        smoke_log="",
        host_log="",
        measurements=Measurements(sandbox=Strength.FALLBACK),
    )
