"""The sandbox behind a container engine, with runc or gVisor.

Each submission with participant code, or on a GPU, gets a container of its own; others a forked
child in one.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

from evaluator.harness.protocol import CPU, CUDA
from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.container import ContainerSettings, as_fork_server, container_settings
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.engine import STRENGTHS
from evaluator.sandbox.environment import (
    GPU_FORMATS,
    HARNESS_MODULE,
    SERVE,
    WARM,
    harness_arguments,
)
from evaluator.sandbox.gpu_memory import GpuMemoryWatch
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.machine import on_machine
from evaluator.sandbox.supply import FORK_SERVERS, GuestSupply
from evaluator.sandbox.tenancy import Tenancy
from evaluator.sandbox.workspace import JobFolder

WARM_MEMORY_BYTES = 512 * 1024**2
"""Under less memory torch is not imported ahead: it would leave too little to a small model."""


class DockerSandbox:
    """Runs every format, in a container that has no network and can write nowhere but in memory."""

    formats = frozenset({"onnx", "python", "transformers"})

    def __init__(
        self,
        *,
        scratch: Path,
        image: str,
        runtime: str,
        gpu: str | None = None,
        pool: int = 0,
        fork_servers: int = FORK_SERVERS,
    ) -> None:
        """Find the engine, its runtime, the image and the GPU. Raises `SandboxUnavailable`.

        `pool` containers wait, with torch imported, for jobs of the format `python`, and on a GPU
        of `transformers` too; with 0 each is started when its job has come, and one for `python`
        imports what its model asks for. At most `fork_servers` containers stay for the formats that
        are served by forking.
        """
        self._pool = pool
        self.strength = STRENGTHS[runtime]
        self._image = image
        self._runtime = runtime
        self._gpu = gpu
        self._tenancy = Tenancy(scratch=scratch, image=image, runtime=runtime, sockets=True)
        self._api, self._workspace = self._tenancy.api, self._tenancy.workspace
        self.machine = self._tenancy.machine
        self._supply = GuestSupply(
            self._start,
            self._workspace,
            strength=self.strength,
            device=CPU if gpu is None else CUDA,
            pool=pool,
            fork_servers=fork_servers,
        )
        if gpu is not None:
            self._prove_gpu()
        if pool:
            self._supply.prewarm(self.formats)

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        """See `Sandbox.run`."""
        if request.format not in self.formats:
            raise SandboxFault(f"This sandbox cannot run the format {request.format!r}.")
        request = on_machine(request, self.machine)
        if self._gpu is None or request.format not in GPU_FORMATS:
            return self._supply.run(request, on_stage)
        with GpuMemoryWatch(self._gpu) as watch:
            result = self._supply.run(request, on_stage)
        return result.with_gpu_memory(watch.peak_bytes)

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        """See `Sandbox.prove`. The guest is given the GPU, or else is of the kind ready first."""
        self._supply.prove(min(self.formats) if self._gpu is None else "python", on_tick)

    def waiting(self, key: GuestKey) -> int:
        """How many guests of a key are ready for a job."""
        return self._supply.waiting(key)

    def close(self) -> None:
        """Remove this sandbox's containers and folders, and those of workers that have died."""
        try:
            with contextlib.suppress(SandboxFault):  # all of them are removed by their label
                self._supply.close()
        finally:
            self._tenancy.close()

    def _start(self, key: GuestKey, job: JobFolder) -> DockerGuest:
        return DockerGuest(self._api, self._settings(key, job))

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        arguments = harness_arguments(
            key.format, key.limits, mode=self._mode(key), device=key.device
        )
        settings = container_settings(
            [HARNESS_MODULE, *arguments],
            key.limits,
            image=self._image,
            runtime=self._runtime,
            job=job.path,
            owner=self._workspace.owner,
            gpu=None if key.device == CPU else self._gpu,
        )
        if not key.forks:
            return settings
        return as_fork_server(settings, key.limits, format_name=key.format)

    def _mode(self, key: GuestKey) -> str:
        """How a harness starts. The same whether it is waited for or not, so that a model finds
        the same memory taken."""
        if key.forks:
            return SERVE
        return WARM if self._pool and key.limits.memory_bytes >= WARM_MEMORY_BYTES else ""

    def _prove_gpu(self) -> None:
        try:
            self.prove(on_tick=lambda: None)
        except SandboxFault as fault:
            self.close()
            raise SandboxUnavailable(
                f"{fault} The GPU {self._gpu} can't be used in containers. Install the NVIDIA "
                "Container Toolkit, build the harness image for CUDA (docs/operations.md), and "
                "name a device that `nvidia-smi -L` lists in MINIGIANTS_WORKER_GPU."
            ) from fault
