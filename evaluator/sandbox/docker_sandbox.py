"""The sandbox behind a container engine, with runc or gVisor.

Each submission with participant code gets a container of its own; others a forked child in one.
"""

import contextlib
from pathlib import Path

from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.container import ContainerSettings, as_fork_server, container_settings
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.engine import (
    STRENGTHS,
    connect,
    lets_sockets_through,
    machine_of,
    remove_containers,
    require,
)
from evaluator.sandbox.environment import (
    FORKING_FORMATS,
    HARNESS_MODULE,
    SERVE,
    WARM,
    harness_arguments,
)
from evaluator.sandbox.examinations import needs_socket
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.machine import on_machine
from evaluator.sandbox.supply import GuestSupply
from evaluator.sandbox.workspace import JobFolder, Workspace

WARM_MEMORY_BYTES = 512 * 1024**2
"""Under less memory torch is not imported ahead: it would leave too little to a small model."""


class DockerSandbox:
    """Runs every format, in a container that has no network and can write nowhere but in memory."""

    formats = frozenset({"onnx", "python", "transformers"})

    def __init__(
        self, *, scratch: Path, image: str, runtime: str, gpu: str | None = None, pool: int = 0
    ) -> None:
        """Find the engine, its runtime and the image. Raises `SandboxUnavailable`.

        `pool` containers with torch imported wait for jobs of the format `python`; with 0 each is
        started when its job has come, and imports what its model asks for.
        """
        self._pool = pool
        self.strength = STRENGTHS[runtime]
        self._image = image
        self._runtime = runtime
        self._gpu = gpu
        self._api = connect()
        try:
            require(self._api, image, runtime)
            self.machine = machine_of(self._api)
            self.host_sockets = lets_sockets_through(self._api, runtime)
            self._workspace = Workspace(scratch)
        except OSError as error:
            self._api.close()
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        except SandboxUnavailable:
            self._api.close()
            raise
        self._workspace.sweep(self._remove_containers)
        self._supply = GuestSupply(
            self._start,
            self._workspace,
            strength=self.strength,
            device="cpu" if gpu is None else "cuda",
            pool=pool,
        )
        if pool:
            self._supply.prewarm(self.formats)

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        """See `Sandbox.run`."""
        if request.format not in self.formats:
            raise SandboxFault(f"This sandbox cannot run the format {request.format!r}.")
        if needs_socket(request) and not self.host_sockets:
            raise SandboxFault(
                f"Models of bytes need a socket, which {self._runtime} withholds. Register it with "
                "--host-uds=open in the engine's daemon.json."
            )
        return self._supply.run(on_machine(request, self.machine), on_stage)

    def waiting(self, key: GuestKey) -> int:
        """How many guests of a key are ready for a job."""
        return self._supply.waiting(key)

    def close(self) -> None:
        """Remove this sandbox's containers and folders, and those of workers that have died."""
        try:
            with contextlib.suppress(SandboxFault):  # all of them are removed by their label
                self._supply.close()
            self._remove_containers(self._workspace.owner)
            self._workspace.sweep(self._remove_containers)
        finally:
            self._workspace.close()
            self._api.close()

    def _start(self, key: GuestKey, job: JobFolder) -> DockerGuest:
        return DockerGuest(self._api, self._settings(key, job))

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        settings = container_settings(
            [HARNESS_MODULE, *harness_arguments(key.format, key.limits, mode=self._mode(key))],
            key.limits,
            image=self._image,
            runtime=self._runtime,
            job=job.path,
            owner=self._workspace.owner,
            gpu=self._gpu,
        )
        if key.format not in FORKING_FORMATS:
            return settings
        return as_fork_server(settings, key.limits, format_name=key.format)

    def _mode(self, key: GuestKey) -> str:
        """How a harness starts. The same whether it is waited for or not, so that a model finds
        the same memory taken."""
        if key.format in FORKING_FORMATS:
            return SERVE
        return WARM if self._pool and key.limits.memory_bytes >= WARM_MEMORY_BYTES else ""

    def _remove_containers(self, owner: str) -> None:
        remove_containers(self._api, owner)
