"""Who gets a GPU, how many submissions it sees, and what is said where it is not there.

No GPU is needed. What would open one is replaced at torch's own edge, within the container.
"""

import dataclasses
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import numpy as np
import pytest

from evaluator.contract import Failure, Limits, Strength, TaskSpec
from evaluator.harness.commands import decode_command
from evaluator.harness.protocol import CPU, CUDA, Complaint, Frame, Kind, Load, encode
from evaluator.sandbox.base import SandboxRequest, SandboxUnavailable
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.guest import Source
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder
from tests.evaluator.harness.transformers_models import save_model
from tests.evaluator.sandbox.guests import ScriptedGuest
from tests.support.nvidia_smi import Say

RUN = 'runpy.run_module("evaluator.harness", run_name="__main__", alter_sys=True)'
PROVEN = f"""
import runpy, sys, types
cuda = types.SimpleNamespace(is_available=lambda: True)
sys.modules["torch"] = types.SimpleNamespace(cuda=cuda)
{RUN}
"""
"""No model comes to the guest that proves the GPU, so it need not wait for torch itself."""

OPENED = f"""
import os, runpy, torch
to = torch.nn.Module.to
def put(module, *arguments, **keywords):
    if arguments != ("cuda",):
        return to(module, *arguments, **keywords)
    os.close(os.open("/dev/zero", os.O_RDWR))  # as libcuda opens its devices
    print("put on the GPU", flush=True)
    return module
torch.nn.Module.to = put
torch.cuda.is_available = lambda: True
{RUN}
"""
STAND_INS = {"python": PROVEN, "transformers": OPENED}
NO_SUCH_GPU = "GPU-00000000-0000-0000-0000-000000000000"
TEXTS = ["a", "some longer text", "the last one"]


class StandInSandbox(DockerSandbox):
    """Its engine need have no GPU: containers ask for none, and torch puts models on the CPU."""

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        settings = super()._settings(key, job)
        if settings.host["device_requests"] is None:
            return settings
        program = {
            "entrypoint": ["python", "-u", "-c", STAND_INS[key.format]],
            "command": settings.container["command"][1:],
        }
        return dataclasses.replace(
            settings,
            host={**settings.host, "device_requests": None},
            container={**settings.container, **program},
        )


@pytest.fixture
def created(docker_engine: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the engine tells of each container, as it is about to be started."""
    told = []
    start = docker.APIClient.start

    def note(client: docker.APIClient, container: str) -> None:
        told.append(client.inspect_container(container))
        start(client, container)

    monkeypatch.setattr(docker.APIClient, "start", note)
    return told


@pytest.mark.parametrize(
    ("format_name", "device", "forks"),
    [("onnx", CPU, True), ("transformers", CUDA, False), ("python", CUDA, False)],
)
def test_nothing_is_forked_for_a_gpu(format_name: str, device: str, *, forks: bool) -> None:
    key = GuestKey.of(format_name, Limits(), best_device=CUDA)

    assert (key.device, key.forks) == (device, forks)
    assert GuestKey.of("transformers", Limits()).forks


@pytest.mark.docker
@pytest.mark.parametrize(
    ("gpu", "count", "devices"), [(NO_SUCH_GPU, 0, [NO_SUCH_GPU]), ("all", -1, None)]
)
def test_a_container_asks_for_the_devices_of_its_slot(
    created: list[dict[str, Any]],
    harness_image: str,
    tmp_path: Path,
    gpu: str,
    count: int,
    devices: list[str] | None,
) -> None:
    """Which the engine has not, or the image can't use: that is told before there is a job."""
    with pytest.raises(SandboxUnavailable, match=f"The GPU {gpu} can't be used in containers"):
        DockerSandbox(scratch=tmp_path / "scratch", image=harness_image, runtime="runc", gpu=gpu)

    (container,) = created
    (asked,) = container["HostConfig"]["DeviceRequests"]
    assert (asked["Count"], asked["DeviceIDs"] or None) == (count, devices)
    assert asked["Capabilities"] == [["gpu"]]
    assert "--device cuda" in " ".join(container["Args"])
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.docker
def test_a_model_on_a_gpu_has_a_container_for_itself(
    created: list[dict[str, Any]],
    docker_engine: str,
    harness_image: str,
    tmp_path: Path,
    make_request: Callable[..., SandboxRequest],
    monkeypatch: pytest.MonkeyPatch,
    nvidia_smi: Say,
) -> None:
    nvidia_smi("echo 512")
    save_model(tmp_path / "model", "LlamaForSequenceClassification", num_labels=3)
    inputs = tmp_path / "texts.jsonl"
    inputs.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    settings = {"classes": 3, "input": {"text": {"max_bytes": 100}}}
    request = make_request(
        "python",
        format="transformers",
        task=TaskSpec(type="classification", settings=settings),
        model_folder=tmp_path / "model",
        smoke_inputs=inputs,
        hidden_inputs=inputs,
        limits=Limits(load_seconds=240, smoke_seconds=240),
    )
    monkeypatch.setattr("evaluator.sandbox.exchange.START_SECONDS", 240)  # it imports torch
    sandbox = StandInSandbox(
        scratch=tmp_path / "scratch", image=harness_image, runtime="runc", gpu="0"
    )
    with closing(sandbox), closing(docker.APIClient(docker_engine)) as engine:
        result = sandbox.run(request, on_stage=lambda _stage: True)
        left = {container["Id"] for container in engine.containers(all=True)}

    used = created[-1]
    assert result.failure is None, result
    assert "put on the GPU\n" in result.smoke_log
    assert result.predictions is not None
    assert np.load(result.predictions).shape == (len(TEXTS), 3)
    assert {"transformers", "--warm", "cuda"} <= set(used["Args"])
    assert used["Id"] not in left
    assert result.measurements.device == "cuda"
    assert result.measurements.gpu_peak_memory_bytes == 512 * 1024**2


class Exhausted(ScriptedGuest):
    """A harness whose GPU has too little memory for the model."""

    def send(self, data: bytes) -> None:
        command = decode_command(data)
        assert isinstance(command, Load)
        complaint = Complaint.OUT_OF_MEMORY.encode()
        self.says.append((Source.RESULTS, encode(Frame(Kind.FAILED, command.run, complaint))))


def test_a_lack_of_memory_may_be_the_gpus(
    tmp_path: Path, make_request: Callable[..., SandboxRequest]
) -> None:
    job = tmp_path / "job"
    job.mkdir()
    result = Conversation(
        make_request("python"),
        Exhausted(),
        JobFolder(job),
        strength=Strength.DOCKER,
        device=CUDA,
        on_stage=lambda _stage: True,
    ).hold()

    assert result.failure is Failure.OUT_OF_MEMORY
    assert "more memory than its GPU has" in result.failure_detail


@pytest.mark.docker
def test_onnx_is_given_no_gpu(
    created: list[dict[str, Any]],
    harness_image: str,
    tmp_path: Path,
    make_request: Callable[..., SandboxRequest],
    expected: np.ndarray,
) -> None:
    sandbox = StandInSandbox(
        scratch=tmp_path / "scratch", image=harness_image, runtime="runc", gpu="0"
    )
    with closing(sandbox):
        result = sandbox.run(make_request("onnx"), on_stage=lambda _stage: True)

    assert result.predictions is not None, result
    np.testing.assert_allclose(np.load(result.predictions), expected, rtol=1e-5)
    assert result.measurements.device == "cpu"
    assert result.measurements.gpu_peak_memory_bytes is None
    assert {"onnx", "--serve", "cpu"} <= set(created[-1]["Args"])
    assert not created[-1]["HostConfig"]["DeviceRequests"]
