"""The container engine: how it is reached, and what it must have."""

import os
import socket
from typing import Any, cast

import requests
from docker.api.client import APIClient
from docker.client import DockerClient
from docker.errors import DockerException, ImageNotFound

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


def require(api: APIClient, image: str, runtime: str) -> None:
    """See that the engine has the runtime, and an image that speaks this worker's protocol.

    Raises `SandboxUnavailable`.
    """
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


def machine_of(api: APIClient) -> Machine:
    """The machine on which the engine runs containers. Raises `SandboxFault`."""
    with engine_faults("telling its machine"):
        told = api.info()
    return Machine(cpus=told["NCPU"], memory_bytes=told["MemTotal"])


def lets_sockets_through(api: APIClient, runtime: str) -> bool:
    """Whether a model can call at a Unix socket in its job's folder. gVisor must be told to let it.

    Raises `SandboxFault`.
    """
    if STRENGTHS[runtime] is not Strength.GVISOR:
        return True
    with engine_faults("telling its runtimes"):
        arguments = api.info()["Runtimes"][runtime].get("runtimeArgs") or []
    return any(argument.lstrip("-") in HOST_SOCKETS for argument in arguments)


def remove_containers(api: APIClient, owner: str) -> None:
    """Remove every container of an owner. Raises `SandboxFault`."""
    with engine_faults("removing containers that were left"):
        for container in api.containers(
            all=True, quiet=True, filters={"label": f"{OWNER_LABEL}={owner}"}
        ):
            api.remove_container(container["Id"], force=True, v=True)
