"""Containers with honest models, with faults of ours, and what remains after a worker's death."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import docker
import numpy as np
import pytest
from docker.errors import APIError

from evaluator.contract import Failure, MetricLimits, Stage, Strength
from evaluator.sandbox.base import SandboxCancelled, SandboxFault, SandboxRequest
from evaluator.sandbox.container import OWNER_LABEL
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.guest import Usage
from evaluator.sandbox.metric_base import MetricCall
from tests.evaluator.sandbox.conftest import LIMITS
from tests.support.missing import missing
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

MakeRequest = Callable[..., SandboxRequest]
START_AND_DIE = """
import os, sys
from pathlib import Path
from evaluator.contract import Limits
from evaluator.sandbox.container import container_settings
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.docker_sandbox import DockerSandbox

sandbox = DockerSandbox(scratch=Path(sys.argv[1]), image=sys.argv[2], runtime="runc")
with sandbox._workspace.job() as job:
    settings = container_settings(
        [], Limits(), image=sys.argv[2], runtime="runc", job=job.path,
        owner=sandbox._workspace.owner,
    )
    settings.container["entrypoint"] = ["sleep", "60"]
    DockerGuest(sandbox._api, settings)
    print(sandbox._workspace.owner, flush=True)
    os._exit(1)
"""


@pytest.fixture
def engine(docker_engine: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(docker_engine)
    yield client
    client.close()


@pytest.fixture(params=["runc", "runsc"])
def sandbox(
    request: pytest.FixtureRequest,
    engine: docker.APIClient,
    harness_image: str,
    tmp_path: Path,
) -> Iterator[DockerSandbox]:
    if request.param not in engine.info()["Runtimes"]:
        missing("gVisor", "install runsc and register it with the Docker engine")
    sandbox = DockerSandbox(
        scratch=tmp_path / "scratch", image=harness_image, runtime=request.param
    )
    yield sandbox
    sandbox.close()


def containers_of(engine: docker.APIClient, owner: str) -> list[str]:
    found = engine.containers(all=True, filters={"label": f"{OWNER_LABEL}={owner}"})
    return [container["Id"] for container in found]


def proceed(_stage: Stage) -> bool:
    return True


@pytest.mark.parametrize("format_name", ["onnx", "python"])
def test_predicts(
    sandbox: DockerSandbox,
    make_request: MakeRequest,
    expected: np.ndarray,
    engine: docker.APIClient,
    format_name: str,
) -> None:
    # More CPUs than the machine has are no fault: the model gets those that are there.
    limits = LIMITS.model_copy(update={"cpus": 256})
    result = sandbox.run(make_request(format_name, limits=limits), on_stage=proceed)

    assert result.failure is None, result
    assert result.predictions is not None
    np.testing.assert_allclose(np.load(result.predictions), expected, rtol=1e-5, atol=1e-6)
    if format_name == "python":
        assert result.smoke_log == "loaded (4, 3)\nbatch of 8\n"
        assert result.host_log == "batch of 256\nbatch of 256\nbatch of 88\n"
        wait_for(lambda: not containers_of(engine, sandbox._workspace.owner), "the removal")


def test_cpu_time_is_the_models_alone(sandbox: DockerSandbox, make_request: MakeRequest) -> None:
    """In a container, too, which counts its imports from its start on."""
    counted: list[float | None] = []
    usage = DockerGuest.usage

    def noting(guest: DockerGuest) -> Usage:
        counted.append(usage(guest).cpu_seconds)
        return Usage(None, counted[-1])

    with mock.patch.object(DockerGuest, "usage", noting):
        measured = sandbox.run(make_request("python"), on_stage=proceed).measurements

    before, after = counted[0], counted[1]
    assert before is not None
    assert after is not None
    assert before > 0
    assert measured.cpu_seconds == after - before


def test_measures(sandbox: DockerSandbox, make_request: MakeRequest) -> None:
    measured = sandbox.run(make_request("onnx"), on_stage=proceed).measurements

    assert measured.sandbox in {Strength.DOCKER, Strength.GVISOR}
    assert measured.examples == 600
    assert measured.latency_seconds is not None
    if measured.sandbox is Strength.DOCKER:  # gVisor does not tell it for a forked process
        assert measured.peak_memory_bytes is not None
        assert 1024**2 < measured.peak_memory_bytes <= 256 * 1024**2
    assert measured.cpu_seconds is not None
    assert measured.cpu_seconds > 0


def test_a_traceback_of_the_smoke_run_is_shown(
    sandbox: DockerSandbox, make_request: MakeRequest
) -> None:
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import no_such_module\n")
    result = sandbox.run(request, on_stage=proceed)

    assert (result.failure, result.failed_stage) == (Failure.LOAD_FAILED, Stage.STARTING)
    assert "ModuleNotFoundError: No module named 'no_such_module'" in result.smoke_log
    assert result.failure_detail.endswith("The smoke run's log shows why.")


def test_a_crash_in_the_smoke_run_is_shown(
    sandbox: DockerSandbox, make_request: MakeRequest
) -> None:
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import os\nos._exit(41)\n")
    result = sandbox.run(request, on_stage=proceed)

    assert (result.failure, result.failed_stage) == (Failure.CRASHED, Stage.STARTING)
    assert result.smoke_log == "[sandbox] The process ended with exit status 41.\n"


def test_cancelled_while_it_runs(
    sandbox: DockerSandbox, make_request: MakeRequest, engine: docker.APIClient
) -> None:
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import time\ntime.sleep(60)\n")
    asked: list[Stage] = []

    def proceed_twice(stage: Stage) -> bool:
        asked.append(stage)
        return len(asked) <= 2

    with pytest.raises(SandboxCancelled):
        sandbox.run(request, on_stage=proceed_twice)

    assert containers_of(engine, sandbox._workspace.owner) == []


def test_a_container_that_vanishes_is_our_fault(
    sandbox: DockerSandbox, make_request: MakeRequest, engine: docker.APIClient
) -> None:
    """As when the engine is taken down under a running job."""

    def remove(stage: Stage) -> bool:
        if stage is Stage.SMOKE:
            for container in containers_of(engine, sandbox._workspace.owner):
                engine.remove_container(container, force=True)
        return True

    with pytest.raises(SandboxFault, match="The container engine failed"):
        sandbox.run(make_request("onnx"), on_stage=remove)


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGKILL"])
def test_a_container_that_the_engine_stops_is_our_fault(
    sandbox: DockerSandbox, make_request: MakeRequest, engine: docker.APIClient, signal: str
) -> None:
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import time\ntime.sleep(60)\n")
    ticks: list[Stage] = []

    def stop(stage: Stage) -> bool:
        ticks.append(stage)
        if len(ticks) == 4:
            for container in containers_of(engine, sandbox._workspace.owner):
                engine.kill(container, signal)
        return True

    with pytest.raises(SandboxFault, match="engine ended the container"):
        sandbox.run(request, on_stage=stop)


def test_a_model_that_kills_itself_has_crashed(
    sandbox: DockerSandbox, make_request: MakeRequest
) -> None:
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    result = sandbox.run(request, on_stage=proceed)

    assert (result.failure, result.failed_stage) == (Failure.CRASHED, Stage.STARTING)
    assert "exit status -9" in result.smoke_log


def test_an_unknown_format_is_our_fault(sandbox: DockerSandbox, make_request: MakeRequest) -> None:
    request = make_request("onnx", format="no-such-format")
    with pytest.raises(SandboxFault, match="cannot run the format 'no-such-format'"):
        sandbox.run(request, on_stage=proceed)


def test_a_metric_s_container_that_the_engine_fails_to_remove(
    engine: docker.APIClient, harness_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended once the engine answers again, while its worker lives on."""
    remove = docker.APIClient.remove_container
    away = [True]

    def failing(client: docker.APIClient, *arguments: Any, **options: Any) -> None:
        if away[0]:
            raise APIError("The engine is away.")
        remove(client, *arguments, **options)

    def give_up() -> None:
        raise SandboxCancelled

    for name in ("solution.csv", "submission.csv"):
        (tmp_path / name).write_text("id,y\na,1\n")
    (tmp_path / "metric.py").write_text("import time\ntime.sleep(60)\n")
    call = MetricCall(
        code=tmp_path / "metric.py",
        solution=tmp_path / "solution.csv",
        submission=tmp_path / "submission.csv",
        rows=1,
        row_id_column="id",
        params={},
        limits=MetricLimits(),
    )
    monkeypatch.setattr(docker.APIClient, "remove_container", failing)
    sandbox = DockerMetricSandbox(scratch=tmp_path / "scratch", image=harness_image, runtime="runc")
    with closing(sandbox):
        owner = sandbox._workspace.owner
        with pytest.raises(SandboxCancelled):
            sandbox.run(call, on_tick=give_up)
        assert len(containers_of(engine, owner)) == 1
        away[0] = False
        wait_for(lambda: not containers_of(engine, owner), "the removal")


def test_containers_of_a_dead_worker_are_swept(
    engine: docker.APIClient, harness_image: str, tmp_path: Path
) -> None:
    scratch = tmp_path / "scratch"
    living = DockerSandbox(scratch=scratch, image=harness_image, runtime="runc")
    died = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, str(scratch), harness_image],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout.strip()
    assert len(containers_of(engine, died)) == 1

    next_one = DockerSandbox(scratch=scratch, image=harness_image, runtime="runc")
    assert containers_of(engine, died) == []
    assert not (scratch / f"owner-{died}").exists()
    assert (scratch / f"owner-{living._workspace.owner}").exists()
    next_one.close()
    living.close()
    assert list(scratch.iterdir()) == []
