"""The convention of model.py, and what is said to those who miss it. Runs in a fresh process."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from pathlib import Path
import numpy as np
from evaluator.harness.errors import ModelError
from evaluator.harness.python_runner import PythonRunner
from evaluator.harness.runners import ArraySpec, LoadOptions

inputs = ArraySpec(shape=(4,), dtype="float32")
task = sys.argv[2] if len(sys.argv) > 2 else "classification"
options = LoadOptions(task, {"max_bytes": 3}, inputs=inputs, device="cpu")
try:
    model = PythonRunner(threads=1).load(Path(sys.argv[1]), options)
    inputs = np.ones((2, 4), dtype=np.float32)
    inputs.flags.writeable = False  # as those of a file are
    print(model.predict(inputs)[""].tolist())
except ModelError as error:
    print("TOLD", error.complaint, error)
"""


def run(folder: Path, source: str | None, *task: str) -> str:
    if source is not None:
        (folder / "model.py").write_text(source)
    return subprocess.run(
        [sys.executable, "-c", RUN, str(folder), *task],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_predicts_with_files_and_modules_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "weights.txt").write_text("3")
    (tmp_path / "helper.py").write_text("def scale(x, by): return x * by")
    source = """
from helper import scale
class Model:
    def __init__(self, factor, device):
        self.factor, self.device = factor, device
    def predict(self, inputs):
        assert self.device == "cpu"
        return scale(inputs[:, :2], self.factor)
def load(folder, device):
    return Model(float((folder / "weights.txt").read_text()), device)
"""
    assert run(tmp_path, source) == "[[3.0, 3.0], [3.0, 3.0]]\n"


def test_inputs_may_be_written_to(tmp_path: Path) -> None:
    source = """
class Model:
    def predict(self, inputs):
        inputs *= 2
        return inputs
def load(folder, device):
    return Model()
"""
    assert run(tmp_path, source) == "[[2.0, 2.0, 2.0, 2.0], [2.0, 2.0, 2.0, 2.0]]\n"


def test_takes_torch_tensors(tmp_path: Path) -> None:
    source = """
import torch
class Model:
    def predict(self, inputs):
        return torch.nn.Linear(4, 2)(torch.from_numpy(inputs)) * 0 + 1
def load(folder, device):
    return Model()
"""
    assert run(tmp_path, source) == "[[1.0, 1.0], [1.0, 1.0]]\n"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (None, "load_failed The artifact has no model.py at its top."),
        ("x = 1", "load_failed model.py defines no function load(folder, device)."),
        ("load = 3", "load_failed model.py defines no function load(folder, device)."),
        (
            "def load(folder, device): return {}",
            """load_failed load() in model.py has to return an object with a method \
predict(inputs); it returned dict.""",
        ),
    ],
)
def test_says_what_is_missing(tmp_path: Path, source: str | None, told: str) -> None:
    assert run(tmp_path, source) == f"TOLD {told}\n"


def test_says_that_the_result_is_ragged(tmp_path: Path) -> None:
    source = """
class Model:
    def predict(self, inputs): return [[1.0], [1.0, 2.0]]
def load(folder, device): return Model()
"""
    assert "TOLD wrong_output The model answered no array" in run(tmp_path, source)


@pytest.mark.parametrize(
    ("task", "method"),
    [("embedding", "embed(texts, kind)"), ("generation", "generate(prompts, max_bytes)")],
)
def test_each_task_has_its_method(tmp_path: Path, task: str, method: str) -> None:
    source = """
class Model:
    def predict(self, inputs): return inputs
def load(folder, device): return Model()
"""
    assert f"an object with a method {method}; it returned Model." in run(tmp_path, source, task)
