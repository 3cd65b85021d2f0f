"""Which sandbox is chosen, and what an operator is told when there is none."""

from pathlib import Path

import pytest

from evaluator.contract import Strength
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
