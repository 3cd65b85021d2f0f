"""Jobs for a worker, and a sandbox whose model does what a test says."""

import io
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np

from evaluator.contract import Machine, Measurements, Stage, Strength
from evaluator.sandbox.base import (
    OnStage,
    SandboxCancelled,
    SandboxFault,
    SandboxRequest,
    SandboxResult,
)
from tests.evaluator.worker.fake_platform import FakePlatform

EVALUATION = UUID(int=7)
TASK = {"type": "classification", "settings": {"classes": 2, "input": {"shape": [4]}}}
LABELS = b"id,label,usage\na,0,Public\nb,1,Public\nc,0,Private\nd,1,Private\n"
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.3, 0.7]], np.float32)

Behaviour = Callable[[SandboxRequest, OnStage], SandboxResult]


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def answered(request: SandboxRequest, content: bytes = b"", **fields: Any) -> SandboxResult:
    predictions = request.output_folder / "predictions.npy"
    predictions.write_bytes(content or npy(SCORES))
    result: dict[str, Any] = {
        "failure": None,
        "failed_stage": None,
        "failure_detail": "",
        "predictions": predictions,
        "smoke_log": "hello",
        "host_log": "",
        "measurements": Measurements(sandbox=Strength.FALLBACK, load_seconds=0.5),
    }
    return SandboxResult(**{**result, **fields})


class ScriptedSandbox:
    """A sandbox whose model does what a test says."""

    strength = Strength.FALLBACK
    formats = frozenset({"onnx"})
    machine = Machine(cpus=2, memory_bytes=4 * 1024**3)

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.requests: list[SandboxRequest] = []
        self.closed = False
        self.hindrance: SandboxFault | None = None
        self.proofs = 0

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        self.requests.append(request)
        return self.behaviour(request, on_stage)

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        self.proofs += 1
        if self.hindrance is not None:
            raise self.hindrance

    def close(self) -> None:
        self.closed = True


def stubborn(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
    """A model that runs until it is stopped."""
    pause = threading.Event()
    for _ in range(2000):
        if not on_stage(Stage.HIDDEN):
            raise SandboxCancelled
        pause.wait(0.01)
    raise AssertionError("nobody stopped the model")


def offer_predict(platform: FakePlatform, **changes: Any) -> dict[str, Any]:
    job = {
        "kind": "predict",
        "task": TASK,
        "format": "onnx",
        "limits": {},
        "seed": 3,
        "artifact": [
            platform.blob("model.onnx", b"the model"),
            {**platform.blob("config", b"{}"), "path": "extra/config.json"},
        ],
        "smoke_inputs": platform.blob("smoke.npy", npy(np.zeros((2, 4), np.float32))),
        "hidden_inputs": platform.blob("hidden.npy", npy(np.zeros((4, 4), np.float32))),
        **changes,
    }
    platform.offer(str(EVALUATION), **job)
    return job


def offer_score(platform: FakePlatform, **changes: Any) -> None:
    job = {
        "kind": "score",
        "task": TASK,
        "metrics": [{"name": "accuracy"}, {"name": "log_loss"}],
        "labels": platform.blob("labels", LABELS),
        "predictions": platform.blob("predictions", npy(SCORES)),
        **changes,
    }
    platform.offer(str(EVALUATION), **job)
