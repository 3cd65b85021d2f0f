"""The fallback with honest models, broken ones, and a kernel that says no."""

import dataclasses
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast
from unittest import mock

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from evaluator.contract import Failure, Stage, Strength
from evaluator.sandbox.base import (
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxUnavailable,
)
from evaluator.sandbox.fallback_guest import FallbackGuest
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest import Guest
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder
from tests.support.missing import missing

MakeRequest = Callable[..., SandboxRequest]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[FallbackSandbox]:
    try:
        sandbox = FallbackSandbox(scratch=tmp_path / "scratch")
    except SandboxUnavailable as reason:
        missing("The fallback's confinement", str(reason))
    yield sandbox
    sandbox.close()


def proceed(_stage: Stage) -> bool:
    return True


def test_predicts(
    sandbox: FallbackSandbox, make_request: MakeRequest, expected: np.ndarray
) -> None:
    stages: list[Stage] = []

    def note(stage: Stage) -> bool:
        stages.append(stage)
        return True

    result = sandbox.run(make_request("onnx"), on_stage=note)

    assert result.failure is None, result
    assert result.predictions is not None
    np.testing.assert_allclose(np.load(result.predictions), expected, rtol=1e-6)
    assert list(dict.fromkeys(stages)) == [Stage.STARTING, Stage.SMOKE, Stage.HIDDEN]
    assert (result.smoke_log, result.host_log) == ("", "")


def test_measures(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    measured = sandbox.run(make_request("onnx"), on_stage=proceed).measurements

    assert measured.sandbox is Strength.FALLBACK
    assert measured.examples == 600
    assert measured.hidden_seconds is not None
    assert measured.throughput == pytest.approx(600 / measured.hidden_seconds)
    assert measured.load_seconds is not None
    assert measured.smoke_seconds is not None
    assert measured.latency_seconds is not None
    assert measured.peak_memory_bytes is not None
    assert 1024**2 < measured.peak_memory_bytes < 256 * 1024**2
    assert measured.cpu_seconds is not None
    assert measured.cpu_seconds > 0


def test_python_needs_a_container(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    result = sandbox.run(make_request("python"), on_stage=proceed)

    assert result.failure is Failure.NEEDS_CONTAINER
    assert "needs a container engine" in result.failure_detail
    assert result.smoke_log == ""


def test_a_model_that_cannot_be_loaded(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    request = make_request("onnx")
    (request.model_folder / "model.onnx").write_bytes(b"\xff" * 64)
    result = sandbox.run(request, on_stage=proceed)

    assert (result.failure, result.failed_stage) == (Failure.LOAD_FAILED, Stage.STARTING)
    assert "onnxruntime could not open the model" in result.smoke_log


def test_memory_past_the_limit(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    """What the process really held is what counts, not the address space that it was given."""
    request = make_request("onnx")
    model = onnx.load(request.model_folder / "model.onnx")
    side = 6000
    model.graph.initializer.append(
        helper.make_tensor("shape", TensorProto.INT64, [2], [side, side])
    )
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["block"]))
    model.graph.output.append(
        helper.make_tensor_value_info("block", TensorProto.FLOAT, [side, side])
    )
    onnx.save(model, request.model_folder / "model.onnx")
    limits = request.limits.model_copy(update={"memory_bytes": side * side * 4})
    result = sandbox.run(dataclasses.replace(request, limits=limits), on_stage=proceed)

    assert result.failure is Failure.OUT_OF_MEMORY
    assert result.predictions is None
    assert list(request.output_folder.iterdir()) == []


@pytest.mark.parametrize("whole_server", [False, True])
def test_a_machine_without_memory_is_our_fault(
    sandbox: FallbackSandbox, make_request: MakeRequest, *, whole_server: bool
) -> None:
    """What runs submissions is the first that the kernel kills."""

    def kill(stage: Stage) -> bool:
        if stage is Stage.SMOKE and not killed:
            (server,) = children_of(started[-1]._launcher.pid)
            killed.append(server if whole_server else children_of(server)[0])
            os.kill(killed[0], signal.SIGKILL)
        return True

    started: list[FallbackGuest] = []
    killed: list[int] = []
    make = sandbox._supply._start

    def start(key: GuestKey, folder: JobFolder) -> Guest:
        started.append(cast(FallbackGuest, make(key, folder)))
        return started[-1]

    with (
        mock.patch.object(sandbox._supply, "_start", start),
        pytest.raises(SandboxFault, match="This machine ran out of memory"),
    ):
        sandbox.run(make_request("onnx"), on_stage=kill)
    assert len(killed) == 1
    assert sandbox.run(make_request("onnx"), on_stage=proceed).failure is None


def children_of(process: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


@pytest.mark.parametrize("stage", [Stage.STARTING, Stage.SMOKE, Stage.HIDDEN])
def test_cancelled(
    sandbox: FallbackSandbox, make_request: MakeRequest, tmp_path: Path, stage: Stage
) -> None:
    with pytest.raises(SandboxCancelled):
        sandbox.run(make_request("onnx"), on_stage=lambda now: now is not stage)

    (owner,) = (tmp_path / "scratch").iterdir()
    assert list(owner.glob("job-*/*")) == []
    assert list((tmp_path / "output").iterdir()) == []


def test_missing_inputs_are_our_fault(
    sandbox: FallbackSandbox, make_request: MakeRequest, tmp_path: Path
) -> None:
    request = make_request("onnx", hidden_inputs=tmp_path / "absent.npy")
    with pytest.raises(SandboxFault):
        sandbox.run(request, on_stage=proceed)


def test_a_refusal_is_told(sandbox: FallbackSandbox, make_request: MakeRequest) -> None:
    with sandbox._workspace.job() as job:
        plan = sandbox._plan(GuestKey.of("onnx", make_request("onnx").limits), job)
        guest = FallbackGuest(dataclasses.replace(plan, root="/absent"))
        while guest.receive(5) is not None:
            pass
        with pytest.raises(SandboxFault, match=r"kernel denies.*mount on /absent"):
            guest.destroy()
