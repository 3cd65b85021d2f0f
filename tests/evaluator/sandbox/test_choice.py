"""Which sandbox is chosen, and what an operator is told when there is none."""

from pathlib import Path
from typing import Any, cast

import pytest
from docker.api.client import APIClient
from docker.errors import APIError

from evaluator.contract import Strength
from evaluator.harness.protocol import VERSION
from evaluator.sandbox import engine
from evaluator.sandbox.base import SandboxUnavailable
from evaluator.sandbox.choice import choose_metric_sandbox, choose_sandbox
from tests.support.missing import missing

NO_ENGINE = "unix:///nonexistent/docker.sock"


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)


def test_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="Set MINIGIANTS_SANDBOX to one of auto, docker"):
        choose_sandbox("podman", scratch=tmp_path)


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("kind", ["docker", "gvisor"])
def test_no_engine(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SandboxUnavailable, match=f"No container engine answers at {NO_ENGINE}"):
        choose_sandbox(kind, scratch=tmp_path)


@pytest.mark.usefixtures("no_engine")
def test_auto_without_an_engine(tmp_path: Path) -> None:
    try:
        sandbox = choose_sandbox("auto", scratch=tmp_path)
    except SandboxUnavailable as reason:
        missing("The fallback's confinement", str(reason))
    assert sandbox.strength is Strength.FALLBACK
    assert {"onnx"} <= sandbox.formats <= {"onnx", "transformers"}
    sandbox.close()


def test_the_fallback_has_no_gpu(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="offers no GPU"):
        choose_sandbox("fallback", scratch=tmp_path, gpu="0")


@pytest.mark.docker
def test_no_image(docker_engine: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match=r"no-such-image:1\. Build it with `make harness"):
        choose_sandbox("docker", scratch=tmp_path, harness_image="no-such-image:1")


@pytest.mark.docker
def test_an_image_of_something_else(docker_engine: str, base_image: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="holds another version of the harness"):
        choose_sandbox("docker", scratch=tmp_path, harness_image=base_image)


@pytest.mark.docker
def test_auto_with_an_engine(docker_engine: str, harness_image: str, tmp_path: Path) -> None:
    sandbox = choose_sandbox("auto", scratch=tmp_path, harness_image=harness_image)
    assert sandbox.strength is Strength.DOCKER
    assert sandbox.formats == {"onnx", "python", "transformers"}
    sandbox.close()


@pytest.mark.docker
def test_an_engine_that_does_not_remove_what_was_left(
    docker_engine: str, harness_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no engine to run on, and whose containers are left stays known."""

    def stuck(_api: APIClient, **_options: Any) -> None:
        raise APIError("The engine is stuck.")

    (tmp_path / "owner-dead").mkdir()
    monkeypatch.setattr(APIClient, "containers", stuck)
    for choose in (choose_sandbox, choose_metric_sandbox):
        with pytest.raises(SandboxUnavailable, match="is stuck"):
            choose("docker", scratch=tmp_path, harness_image=harness_image)
    try:
        choose_sandbox("auto", scratch=tmp_path, harness_image=harness_image).close()
    except SandboxUnavailable as reason:
        missing("The fallback's confinement", str(reason))

    assert [path.name for path in tmp_path.iterdir()] == ["owner-dead"]


class Registered:
    """An engine's client that knows gVisor, registered with `arguments`."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = list(arguments)

    def info(self) -> dict[str, Any]:
        runtimes = {"runc": {}, "runsc": {"runtimeArgs": self._arguments or None}}
        return {"Runtimes": runtimes, "NCPU": 2, "MemTotal": 1 << 34}

    def inspect_image(self, _image: str) -> dict[str, Any]:
        return {"Config": {"Labels": {engine.PROTOCOL_LABEL: str(VERSION)}}}

    def require(self, runtime: str, *, sockets: bool) -> None:
        engine.require(cast(APIClient, cast(Any, self)), "image", runtime, sockets=sockets)


def test_a_gvisor_that_withholds_sockets_is_refused_at_the_start() -> None:
    """Else language models of participants' code would end as faults, one after the other."""
    with pytest.raises(SandboxUnavailable, match="Register it with --host-uds=open"):
        Registered("--network=none").require("runsc", sockets=True)
    with pytest.raises(SandboxUnavailable, match="--host-uds=open"):
        Registered().require("runsc", sockets=True)


def test_a_gvisor_without_sockets_runs_metrics() -> None:
    Registered().require("runsc", sockets=False)


@pytest.mark.parametrize(
    ("runtime", "arguments"),
    [("runc", ()), ("runsc", ("--network=none", "--host-uds=open")), ("runsc", ("-host-uds=all",))],
)
def test_runtimes_that_let_sockets_through(runtime: str, arguments: tuple[str, ...]) -> None:
    Registered(*arguments).require(runtime, sockets=True)


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("kind", ["auto", "fallback"])
def test_without_an_engine_metrics_have_no_sandbox(tmp_path: Path, kind: str) -> None:
    assert choose_metric_sandbox(kind, scratch=tmp_path) is None


@pytest.mark.usefixtures("no_engine")
@pytest.mark.parametrize("kind", ["docker", "gvisor", "podman"])
def test_an_engine_that_is_asked_for_must_be_there_for_metrics(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SandboxUnavailable):
        choose_metric_sandbox(kind, scratch=tmp_path)


@pytest.mark.docker
def test_metrics_with_an_engine(docker_engine: str, harness_image: str, tmp_path: Path) -> None:
    sandbox = choose_metric_sandbox("auto", scratch=tmp_path, harness_image=harness_image)
    assert sandbox is not None
    assert sandbox.strength is Strength.DOCKER
    sandbox.close()
