"""The sandboxes that attacks are run against."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from evaluator.sandbox.base import Sandbox
from evaluator.sandbox.docker_sandbox import DockerSandbox
from tests.attacks.proving_ground import ProvingGround, WeakenedSandbox
from tests.support.missing import missing


@pytest.fixture(params=["runc", "runsc"])
def guarded(
    request: pytest.FixtureRequest, docker_engine: str, harness_image: str, tmp_path: Path
) -> Iterator[ProvingGround]:
    """The real sandbox, under runc and under gVisor."""
    client = docker.APIClient(docker_engine)
    runtimes = client.info()["Runtimes"]
    client.close()
    if request.param not in runtimes:
        missing("gVisor", "install runsc and register it with the Docker engine")
    sandbox = DockerSandbox(
        scratch=tmp_path / "scratch", image=harness_image, runtime=request.param
    )
    yield ProvingGround(sandbox, tmp_path)
    sandbox.close()


@pytest.fixture(scope="module")
def quick(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ProvingGround]:
    """One sandbox under runc for many attacks on the host's own checks, alike in every runtime."""
    folder = tmp_path_factory.mktemp("quick")
    sandbox = DockerSandbox(scratch=folder / "scratch", image=harness_image, runtime="runc")
    yield ProvingGround(sandbox, folder)
    sandbox.close()


@pytest.fixture
def without(
    docker_engine: str, harness_image: str, tmp_path: Path
) -> Iterator[Callable[..., ProvingGround]]:
    """Makes a sandbox without one defence: the control that shows the attack to be a real one."""
    opened: list[Sandbox] = []

    def make(*, writable_job: bool = False, user: str | None = None, **host: Any) -> ProvingGround:
        folder = tmp_path / f"control{len(opened)}"
        folder.mkdir()
        container: dict[str, Any] = {} if user is None else {"user": user}
        if host.get("network_mode"):
            container["network_disabled"] = False
        sandbox = WeakenedSandbox(
            scratch=folder / "scratch",
            image=harness_image,
            host=host,
            container=container,
            writable_job=writable_job,
        )
        opened.append(sandbox)
        return ProvingGround(sandbox, folder)

    yield make
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def host_processes() -> Callable[[str], list[Path]]:
    """Finds the processes of the host, those in containers included, by their first argument."""

    def find(name: str) -> list[Path]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if arguments[0] == name.encode():
                found.append(process)
        return found

    return find
