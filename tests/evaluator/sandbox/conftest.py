"""Requests for sandboxes, around one small honest model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.contract import Limits, TaskSpec
from evaluator.sandbox.base import SandboxRequest
from tests.evaluator.harness.onnx_models import linear, save

TASK = TaskSpec(
    type="classification",
    settings={"classes": 3, "input": {"shape": [4], "dtype": "float32"}},
)
LIMITS = Limits(memory_bytes=256 * 1024**2, load_seconds=20, smoke_seconds=10, hidden_seconds=10)
WEIGHTS = np.random.default_rng(7).standard_normal((4, 3)).astype(np.float32)
PYTHON_MODEL = """
import numpy as np
class Model:
    def __init__(self, folder):
        self.weights = np.load(folder / "weights.npy")
        print("loaded", self.weights.shape)
    def predict(self, inputs):
        print("batch of", len(inputs))
        return inputs @ self.weights
def load(folder, device):
    return Model(folder)
"""


@pytest.fixture
def make_request(tmp_path: Path) -> Callable[..., SandboxRequest]:
    """Makes a request for an honest model in a format; keywords replace parts of it."""
    generator = np.random.default_rng(8)
    smoke, hidden = tmp_path / "smoke.npy", tmp_path / "hidden.npy"
    np.save(smoke, generator.random((8, 4), dtype=np.float32))
    np.save(hidden, generator.random((600, 4), dtype=np.float32))
    output = tmp_path / "output"
    output.mkdir()

    def make(format_name: str, **changes: Any) -> SandboxRequest:
        folder = tmp_path / f"model-{format_name}"
        if format_name == "onnx":
            save(linear(WEIGHTS), folder)
        else:
            folder.mkdir(exist_ok=True)
            np.save(folder / "weights.npy", WEIGHTS)
            (folder / "model.py").write_text(PYTHON_MODEL)
        fields: dict[str, Any] = {
            "format": format_name,
            "task": TASK,
            "model_folder": folder,
            "smoke_inputs": smoke,
            "hidden_inputs": hidden,
            "output_folder": output,
            "limits": LIMITS,
            "seed": 3,
        }
        return SandboxRequest(**{**fields, **changes})

    return make


@pytest.fixture
def expected(make_request: Callable[..., SandboxRequest], tmp_path: Path) -> np.ndarray:
    """The predictions of the honest model, computed here."""
    hidden: np.ndarray = np.load(tmp_path / "hidden.npy")
    return hidden @ WEIGHTS
