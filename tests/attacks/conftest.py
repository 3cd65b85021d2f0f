"""The sandboxes that attacks are run against."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import docker
import pytest

from evaluator.sandbox.base import Sandbox, SandboxUnavailable
from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from tests.attacks.canary import Canary, living_canary
from tests.attacks.metric_ground import MetricGround, WeakenedMetricSandbox
from tests.attacks.name_server import NameServer, running_name_server
from tests.attacks.proving_ground import ProvingGround, WeakenedSandbox
from tests.attacks.remains import await_nothing_left
from tests.attacks.worker_user import WorkerUser, require_worker_user
from tests.support.missing import missing


def require_runtime(engine: str, runtime: str) -> None:
    """Skip, or fail where all has to be there, if the engine does not have a runtime."""
    with closing(docker.APIClient(engine)) as client:
        if runtime not in client.info()["Runtimes"]:
            missing("gVisor", "install runsc and register it with the Docker engine")


@pytest.fixture(scope="session", params=["runc", "runsc"])
def fortress(
    request: pytest.FixtureRequest,
    docker_engine: str,
    harness_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DockerSandbox]:
    """The real sandbox, under runc and under gVisor. One serves all attacks, as a worker's does."""
    require_runtime(docker_engine, request.param)
    scratch = tmp_path_factory.mktemp(request.param)
    sandbox = DockerSandbox(scratch=scratch, image=harness_image, runtime=request.param)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module", params=["runc", "runsc", "fallback"])
def held(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A sandbox of each strength, with a fork server that stays."""
    scratch = tmp_path_factory.mktemp("scratch")
    if request.param == "fallback":
        try:
            fallback = FallbackSandbox(scratch=scratch)
        except SandboxUnavailable as unavailable:
            missing("The fallback sandbox", str(unavailable))
        with closing(fallback):
            yield fallback
        return
    image = request.getfixturevalue("harness_image")
    require_runtime(request.getfixturevalue("docker_engine"), request.param)
    with closing(DockerSandbox(scratch=scratch, image=image, runtime=request.param)) as sandbox:
        yield sandbox


@pytest.fixture
def guarded(fortress: DockerSandbox, tmp_path: Path) -> Iterator[ProvingGround]:
    """The real sandbox. Nothing of an attack may remain, and an honest model must be served."""
    ground = ProvingGround(fortress, tmp_path)
    yield ground
    await_nothing_left(fortress)
    ground.serve_an_honest_model()


@pytest.fixture(scope="module")
def quick_sandbox(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerSandbox]:
    """One sandbox under runc for a module's attacks; after them it serves an honest model."""
    folder = tmp_path_factory.mktemp("quick")
    sandbox = DockerSandbox(scratch=folder / "scratch", image=harness_image, runtime="runc")
    yield sandbox
    ProvingGround(sandbox, folder).serve_an_honest_model()
    sandbox.close()


@pytest.fixture
def quick(quick_sandbox: DockerSandbox, tmp_path: Path) -> Iterator[ProvingGround]:
    """For many attacks on the host's own checks, alike in every runtime. Nothing may remain."""
    yield ProvingGround(quick_sandbox, tmp_path)
    await_nothing_left(quick_sandbox)


@pytest.fixture
def without(
    docker_engine: str, harness_image: str, tmp_path: Path
) -> Iterator[Callable[..., ProvingGround]]:
    """Makes a sandbox without one defence: the control that shows the attack to be a real one.

    `host` overrides settings of the container's host side, `user` who the model is, `writable_job`
    and `filtered` whether its files are read-only and its system calls filtered.
    """
    opened: list[Sandbox] = []

    def make(
        *,
        writable_job: bool = False,
        filtered: bool = True,
        user: str | None = None,
        runtime: str = "runc",
        **host: Any,
    ) -> ProvingGround:
        require_runtime(docker_engine, runtime)
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
            filtered=filtered,
            runtime=runtime,
        )
        opened.append(sandbox)
        return ProvingGround(sandbox, folder)

    yield make
    for sandbox in opened:
        sandbox.close()


@pytest.fixture(params=["root", "ordinary user"])
def worker_user(request: pytest.FixtureRequest) -> WorkerUser:
    """Who has the worker that an attack is run against."""
    return require_worker_user(root=request.param == "root")


@pytest.fixture
def canary() -> Iterator[Canary]:
    """A process of the host with a secret, as a worker is one."""
    with living_canary() as canary:
        yield canary


@pytest.fixture
def name_server() -> Iterator[NameServer]:
    """A name server on the host's loopback."""
    with running_name_server() as server:
        yield server


@pytest.fixture(scope="module", params=["runc", "runsc"])
def metric_guarded(
    request: pytest.FixtureRequest,
    docker_engine: str,
    harness_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MetricGround]:
    """The real sandbox of metrics, under runc and under gVisor."""
    require_runtime(docker_engine, request.param)
    folder = tmp_path_factory.mktemp(request.param)
    sandbox = DockerMetricSandbox(
        scratch=folder / "scratch", image=harness_image, runtime=request.param
    )
    yield MetricGround(sandbox, folder)
    sandbox.close()


@pytest.fixture(scope="module")
def metric_quick(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MetricGround]:
    """One sandbox of metrics under runc, for attacks on the host's own checks."""
    folder = tmp_path_factory.mktemp("quick")
    sandbox = DockerMetricSandbox(scratch=folder / "scratch", image=harness_image, runtime="runc")
    yield MetricGround(sandbox, folder)
    sandbox.close()


@pytest.fixture
def metric_without(
    docker_engine: str, harness_image: str, tmp_path: Path
) -> Iterator[Callable[..., MetricGround]]:
    """As `without`, for metrics. `show` is a folder of the host that appears as /house."""
    with ExitStack() as opened:

        def make(
            *,
            writable_job: bool = False,
            filtered: bool = True,
            user: str | None = None,
            show: Path | None = None,
            **host: Any,
        ) -> MetricGround:
            container: dict[str, Any] = {} if user is None else {"user": user}
            if host.get("network_mode"):
                container["network_disabled"] = False
            sandbox = WeakenedMetricSandbox(
                scratch=tmp_path / "scratch",
                image=harness_image,
                host=host,
                container=container,
                writable_job=writable_job,
                filtered=filtered,
                show=show,
            )
            opened.callback(sandbox.close)
            return MetricGround(sandbox, tmp_path)

        yield make
