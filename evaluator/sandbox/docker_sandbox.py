"""The sandbox behind a container engine, with runc or gVisor: one container for each submission."""

from pathlib import Path

from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.container import ContainerSettings, container_settings
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.engine import (
    STRENGTHS,
    connect,
    lets_sockets_through,
    remove_containers,
    require,
)
from evaluator.sandbox.environment import HARNESS_MODULE, harness_arguments
from evaluator.sandbox.examinations import needs_socket
from evaluator.sandbox.workspace import JobFolder, Workspace


class DockerSandbox:
    """Runs every format, in a container that has no network and can write nowhere but in memory."""

    formats = frozenset({"onnx", "python", "transformers"})

    def __init__(self, *, scratch: Path, image: str, runtime: str, gpu: str | None = None) -> None:
        """Find the engine, its runtime and the image. Raises `SandboxUnavailable`."""
        self.strength = STRENGTHS[runtime]
        self._image = image
        self._runtime = runtime
        self._gpu = gpu
        self._api = connect()
        try:
            require(self._api, image, runtime)
            self.host_sockets = lets_sockets_through(self._api, runtime)
            self._workspace = Workspace(scratch)
        except OSError as error:
            self._api.close()
            raise SandboxUnavailable(f"The folder {scratch} cannot be used: {error}") from error
        except SandboxUnavailable:
            self._api.close()
            raise
        self._workspace.sweep(self._remove_containers)

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        """Run one model in a container of its own, which is gone afterwards."""
        if request.format not in self.formats:
            raise SandboxFault(f"This sandbox cannot run the format {request.format!r}.")
        if needs_socket(request) and not self.host_sockets:
            raise SandboxFault(
                f"Models of bytes need a socket, which {self._runtime} withholds. Register it with "
                "--host-uds=open in the engine's daemon.json."
            )
        with self._workspace.job() as job:
            guest = DockerGuest(self._api, self._settings(request, job))
            try:
                return Conversation(
                    request,
                    guest,
                    job,
                    strength=self.strength,
                    device="cpu" if self._gpu is None else "cuda",
                    on_stage=on_stage,
                ).hold()
            finally:
                guest.destroy()

    def close(self) -> None:
        """Remove this sandbox's containers and folders, and those of workers that have died."""
        try:
            self._remove_containers(self._workspace.owner)
            self._workspace.sweep(self._remove_containers)
        finally:
            self._workspace.close()
            self._api.close()

    def _settings(self, request: SandboxRequest, job: JobFolder) -> ContainerSettings:
        return container_settings(
            [HARNESS_MODULE, *harness_arguments(request.format, request.limits)],
            request.limits,
            seed=request.seed,
            image=self._image,
            runtime=self._runtime,
            job=job.path,
            owner=self._workspace.owner,
            gpu=self._gpu,
        )

    def _remove_containers(self, owner: str) -> None:
        remove_containers(self._api, owner)
