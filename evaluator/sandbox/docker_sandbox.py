"""The sandbox behind a container engine, with runc or gVisor: one container for each submission."""

import os
import socket
from pathlib import Path
from typing import Any, cast

import requests
from docker.api.client import APIClient
from docker.client import DockerClient
from docker.errors import DockerException, ImageNotFound

from evaluator.contract import Strength
from evaluator.harness.protocol import VERSION
from evaluator.sandbox.base import (
    OnStage,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
    SandboxUnavailable,
)
from evaluator.sandbox.container import OWNER_LABEL, ContainerSettings, container_settings
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.docker_guest import DockerGuest, engine_faults
from evaluator.sandbox.workspace import JobFolder, Workspace

UNIX_SCHEME = "unix://"
DEFAULT_ADDRESS = f"{UNIX_SCHEME}/var/run/docker.sock"
PROTOCOL_LABEL = "minigiants.harness.protocol"
STRENGTHS = {"runc": Strength.DOCKER, "runsc": Strength.GVISOR}


class DockerSandbox:
    """Runs every format, in a container that has no network and can write nowhere but in memory."""

    formats = frozenset({"onnx", "python"})

    def __init__(self, *, scratch: Path, image: str, runtime: str, gpu: str | None = None) -> None:
        """Find the engine, its runtime and the image. Raises `SandboxUnavailable`."""
        self.strength = STRENGTHS[runtime]
        self._image = image
        self._runtime = runtime
        self._gpu = gpu
        self._api = _connect()
        try:
            _require(self._api, image, runtime)
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
            request.format,
            request.limits,
            seed=request.seed,
            image=self._image,
            runtime=self._runtime,
            job=job.path,
            owner=self._workspace.owner,
            gpu=self._gpu,
        )

    def _remove_containers(self, owner: str) -> None:
        with engine_faults("removing containers that were left"):
            left = self._api.containers(
                all=True, quiet=True, filters={"label": f"{OWNER_LABEL}={owner}"}
            )
            for container in left:
                self._api.remove_container(container["Id"], force=True, v=True)


def _connect() -> APIClient:
    address = os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS
    try:
        _knock(address)
        return DockerClient.from_env().api
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxUnavailable(
            f"No container engine answers at {address} ({error}). Start it, set DOCKER_HOST, and "
            "see that this user may use it."
        ) from error


def _knock(address: str) -> None:
    """See whether anybody listens on a Unix socket: the client leaks one for each vain attempt."""
    if address.startswith(UNIX_SCHEME):
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(address.removeprefix(UNIX_SCHEME))


def _require(api: APIClient, image: str, runtime: str) -> None:
    """See that the engine has the runtime, and an image that speaks this worker's protocol."""
    try:
        if runtime not in api.info()["Runtimes"]:
            raise SandboxUnavailable(
                f"The container engine has no runtime {runtime!r}. Install gVisor and register "
                "runsc in the engine's daemon.json."
            )
        found = cast(Any, api).inspect_image(image)
        labels = found["Config"].get("Labels") or {}
    except ImageNotFound as error:
        raise SandboxUnavailable(
            f"The container engine does not have the image {image}. Build it with "
            "`make harness-image`."
        ) from error
    except (DockerException, requests.RequestException, OSError) as error:
        raise SandboxUnavailable(f"The container engine does not answer: {error}") from error
    if labels.get(PROTOCOL_LABEL) != str(VERSION):
        raise SandboxUnavailable(
            f"The image {image} holds another version of the harness. Build it again with "
            "`make harness-image`."
        )
