"""Examination in lockstep: bytes of text a second, with a model that costs nothing.

The model answers from a table of 256 rows, so what is measured is the examiner, the channel and
the harness. The container has one CPU; the examiner, in this process, another.
"""

import json
import os
import string
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.contract import Limits, TaskSpec
from evaluator.sandbox.base import SandboxRequest
from evaluator.sandbox.choice import DEFAULT_HARNESS_IMAGE
from evaluator.sandbox.docker_sandbox import DockerSandbox

MODEL = """
import numpy as np

class Table:
    def __init__(self, following):
        self.following = following

    def start(self, documents):
        return np.repeat(self.following[:1], documents, axis=0)

    def step(self, previous):
        return self.following[previous]

def load(folder, device):
    return Table(np.load(folder / "following.npy"))
"""


def measure(*, runtime: str = "runc", documents: int = 1024, length: int = 4096) -> dict[str, Any]:
    """Examine `documents` texts of `length` bytes in a container from the harness' image."""
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as name:
        folder = Path(name)
        request = _request(folder, documents, length)
        image = os.environ.get("MINIGIANTS_HARNESS_IMAGE", DEFAULT_HARNESS_IMAGE)
        sandbox = DockerSandbox(scratch=folder / "scratch", image=image, runtime=runtime)
        with closing(sandbox):
            result = sandbox.run(request, on_stage=lambda _stage: True)
    seconds = result.measurements.hidden_seconds
    if result.failure is not None or seconds is None:
        raise RuntimeError(f"The examination failed: {result.failure_detail}\n{result.smoke_log}")
    return {
        "runtime": runtime,
        "documents": documents,
        "bytes": documents * length,
        "seconds": seconds,
        "bytes_a_second": documents * length / seconds,
    }


def _request(folder: Path, documents: int, length: int) -> SandboxRequest:
    model, output = folder / "model", folder / "output"
    for path in (model, output):
        path.mkdir()
    np.save(model / "following.npy", np.full((256, 256), -np.log(256), dtype=np.float32))
    (model / "model.py").write_text(MODEL)
    text = (string.printable * (length // len(string.printable) + 1))[:length]
    line = json.dumps({"text": text}) + "\n"
    smoke, hidden = folder / "smoke.jsonl", folder / "hidden.jsonl"
    smoke.write_text(line)
    hidden.write_text(line * documents)
    return SandboxRequest(
        format="python",
        task=TaskSpec(type="language-modelling", settings={"documents_in_step": 128}),
        model_folder=model,
        smoke_inputs=smoke,
        hidden_inputs=hidden,
        output_folder=output,
        limits=Limits(),
        seed=0,
    )
