"""Which guest a job gets: one that waits, a fork in one that stays, or one of its own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import docker
import numpy as np
import pytest

from evaluator.contract import Failure, Stage
from evaluator.sandbox.base import (
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxUnavailable,
)
from evaluator.sandbox.container import OWNER_LABEL
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.ready_guest import ReadyGuest
from tests.support.missing import missing
from tests.support.waiting import wait_for

MakeRequest = Callable[..., SandboxRequest]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[FallbackSandbox]:
    """One whose servers are started fast."""
    try:
        sandbox = FallbackSandbox(scratch=tmp_path / "scratch")
    except SandboxUnavailable as unavailable:
        missing("The fallback sandbox", str(unavailable))
    with closing(sandbox):
        yield sandbox


def proceed(_stage: Stage) -> bool:
    return True


def server(sandbox: FallbackSandbox) -> ReadyGuest:
    """That of the last job."""
    return sandbox._supply._servers._idle[0]


def test_one_server_serves_jobs_of_the_same_limits(
    sandbox: FallbackSandbox, make_request: MakeRequest, expected: np.ndarray
) -> None:
    sandbox.run(make_request("onnx"), on_stage=proceed)
    first = server(sandbox)
    for _ in range(3):
        result = sandbox.run(make_request("onnx"), on_stage=proceed)
        assert result.predictions is not None
        np.testing.assert_allclose(np.load(result.predictions), expected, rtol=1e-5)
        result.predictions.unlink()

    assert server(sandbox) is first
    assert list(first.folder.path.iterdir()) == []


def test_other_limits_get_another_server(
    sandbox: FallbackSandbox, make_request: MakeRequest
) -> None:
    request = make_request("onnx")
    sandbox.run(request, on_stage=proceed)
    first = server(sandbox)
    patient = request.limits.model_copy(update={"hidden_seconds": 99.0})
    sandbox.run(make_request("onnx", limits=patient), on_stage=proceed)
    assert server(sandbox) is first

    small = request.limits.model_copy(update={"memory_bytes": 128 * 1024**2})
    sandbox.run(make_request("onnx", limits=small), on_stage=proceed)
    assert server(sandbox) is not first
    assert server(sandbox).key == GuestKey.of("onnx", small)


def test_a_failure_leaves_the_server(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    request = make_request("onnx")
    sandbox.run(request, on_stage=proceed)
    first = server(sandbox)
    (request.model_folder / "model.onnx").write_bytes(b"no model")

    assert sandbox.run(request, on_stage=proceed).failure is Failure.LOAD_FAILED
    assert server(sandbox) is first


def test_a_job_that_is_given_up_takes_its_server_with_it(
    sandbox: FallbackSandbox, make_request: MakeRequest
) -> None:
    sandbox.run(make_request("onnx"), on_stage=proceed)
    first = server(sandbox)
    with pytest.raises(SandboxCancelled):
        sandbox.run(make_request("onnx"), on_stage=lambda stage: stage is Stage.STARTING)

    assert not first.folder.path.exists()
    assert sandbox.run(make_request("onnx"), on_stage=proceed).failure is None
    assert server(sandbox) is not first


def test_a_server_that_died_is_replaced(
    sandbox: FallbackSandbox, make_request: MakeRequest
) -> None:
    sandbox.run(make_request("onnx"), on_stage=proceed)
    first = server(sandbox)
    first.guest.destroy()

    assert sandbox.run(make_request("onnx"), on_stage=proceed).failure is None
    assert server(sandbox) is not first


def test_a_folder_that_stays_takes_its_server_with_it(
    sandbox: FallbackSandbox, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next job would see the files of this one."""
    sandbox.run(make_request("onnx"), on_stage=proceed)
    first = server(sandbox)
    with monkeypatch.context() as patched:
        patched.setattr("evaluator.sandbox.workspace.JobFolder.remove", lambda _self: None)
        sandbox.run(make_request("onnx"), on_stage=proceed)

    assert first not in sandbox._supply._servers._idle


def test_a_guest_that_never_gets_ready_leaves_nothing(
    sandbox: FallbackSandbox, make_request: MakeRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(sandbox._workspace._folder.iterdir())
    request = make_request("onnx")
    starved = request.limits.model_copy(update={"open_files": 16})
    monkeypatch.setattr("evaluator.sandbox.exchange.VERSION", 255)
    with pytest.raises(SandboxFault, match="another version"):
        sandbox.run(make_request("onnx", limits=starved), on_stage=proceed)

    assert set(sandbox._workspace._folder.iterdir()) == before


@pytest.mark.docker
def test_a_container_of_the_pool_is_used_once(
    docker_engine: str, harness_image: str, tmp_path: Path, make_request: MakeRequest
) -> None:
    sandbox = DockerSandbox(
        scratch=tmp_path / "scratch", image=harness_image, runtime="runc", pool=1
    )
    request = make_request("python")
    pool = sandbox._supply._single
    with closing(docker.APIClient(docker_engine)) as client, closing(sandbox):
        pool.prefer(GuestKey.of("python", request.limits))
        used = []
        for _ in range(2):
            wait_for(lambda: pool._idle, "a container that waits")
            (ready,) = pool._idle
            used.append(ready.guest._container)  # type: ignore[attr-defined]
            result = sandbox.run(make_request("python"), on_stage=proceed)
            assert result.failure is None, result.failure_detail
            assert result.predictions is not None
            result.predictions.unlink()

        def containers() -> set[str]:
            label = f"{OWNER_LABEL}={sandbox._workspace.owner}"
            found = client.containers(all=True, quiet=True, filters={"label": label})
            return {each["Id"] for each in found}

        assert used[0] != used[1]
        wait_for(lambda: not containers() & set(used), "the end of those that were used")
    with closing(docker.APIClient(docker_engine)) as client:
        assert containers() == set()
