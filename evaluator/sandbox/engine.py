"""The container engine: how it is reached, and what it must have."""

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Any, cast

import requests
from docker.api.client import APIClient
from docker.client import DockerClient
from docker.errors import DockerException, ImageNotFound, NotFound

from evaluator.contract import Machine, Strength
from evaluator.harness.protocol import VERSION
from evaluator.sandbox.base import SandboxUnavailable
from evaluator.sandbox.container import OWNER_LABEL
from evaluator.sandbox.docker_guest import engine_faults

UNIX_SCHEME = "unix://"
DEFAULT_ADDRESS = f"{UNIX_SCHEME}/var/run/docker.sock"
PROTOCOL_LABEL = "minigiants.harness.protocol"
HOST_SOCKETS = frozenset({"host-uds=open", "host-uds=all", "fsgofer-host-uds"})
"""gVisor's options, each of which lets a container call at the host's sockets in its mounts."""

STRENGTHS = {"runc": Strength.DOCKER, "runsc": Strength.GVISOR}


def connect() -> APIClient:
    """A client of the engine at DOCKER_HOST. Raises `SandboxUnavailable`."""
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


def require(api: APIClient, image: str, runtime: str, *, sockets: bool = False) -> Machine:
    """See that the engine has the runtime, and an image that speaks this worker's protocol.

    Returns the machine on which the engine runs containers. With `sockets` the runtime must let a
    container call at a Unix socket in its job's folder, which gVisor does only if it is told to.
    Raises `SandboxUnavailable`.
    """
    try:
        told = api.info()
        runtimes = told["Runtimes"]
        if runtime not in runtimes:
            raise SandboxUnavailable(
                f"The container engine has no runtime {runtime!r}. Install gVisor and register "
                "runsc in the engine's daemon.json."
            )
        if sockets and STRENGTHS[runtime] is Strength.GVISOR and not _opens(runtimes[runtime]):
            raise SandboxUnavailable(
                f"Models of bytes need a socket, which {runtime} withholds. Register it with "
                "--host-uds=open in the engine's daemon.json."
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
    return Machine(cpus=told["NCPU"], memory_bytes=told["MemTotal"])


def _opens(registered: Mapping[str, Any]) -> bool:
    """Whether gVisor, as it is registered, lets a container call at the host's sockets."""
    arguments = registered.get("runtimeArgs") or []
    return any(argument.lstrip("-") in HOST_SOCKETS for argument in arguments)


def remove_containers(api: APIClient, owner: str) -> None:
    """Remove every container of an owner. Raises `SandboxFault`."""
    with engine_faults("removing containers that were left"):
        for container in api.containers(
            all=True, quiet=True, filters={"label": f"{OWNER_LABEL}={owner}"}
        ):
            with contextlib.suppress(NotFound):
                api.remove_container(container["Id"], force=True, v=True)
