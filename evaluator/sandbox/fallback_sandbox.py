"""The sandbox where no container engine answers: a confined child process.

It holds only formats in which no participant code runs. What remains weaker than a container: the
harness filters its own system calls, memory is limited as address space and judged by its peak, CPU
by threads alone.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from evaluator.contract import Failure, Measurements, Stage, Strength
from evaluator.harness.protocol import CPU
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
from evaluator.sandbox.supply import FORK_SERVERS, GuestSupply
from evaluator.sandbox.workspace import CONFINED_PREFIX, JobFolder, Workspace

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

    def __init__(self, *, scratch: Path, fork_servers: int = FORK_SERVERS) -> None:
        """Prove that the kernel allows the confinement. Raises `SandboxUnavailable`."""
        if not sys.platform.startswith("linux"):
            raise SandboxUnavailable("The fallback sandbox needs Linux. Start a container engine.")
        self._runtime = PythonRuntime.of_this_process()
        self.formats = self._runtime.formats
        self.machine = this_machine()
        try:
            self._workspace = Workspace(scratch, prefix=CONFINED_PREFIX)
        except OSError as error:
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        self._supply = GuestSupply(
            self._start,
            self._workspace,
            strength=self.strength,
            device=CPU,
            pool=0,
            fork_servers=fork_servers,
        )
        try:
            self._workspace.sweep()
            self.prove(on_tick=lambda: None)
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

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        """See `Sandbox.prove`. The guest is of the kind that is ready first."""
        self._supply.prove(min(self.formats), on_tick)

    def close(self) -> None:
        """Remove the folders of this sandbox, and those of workers that have died."""
        self._supply.close()
        self._workspace.sweep()
        self._workspace.close()

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
