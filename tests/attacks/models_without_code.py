"""Runs models of the formats in which no participant code runs, in a sandbox."""

from pathlib import Path

import numpy as np

from evaluator.contract import Limits, TaskSpec
from evaluator.sandbox.base import Sandbox, SandboxRequest, SandboxResult
from tests.attacks.possessed import LIMITS
from tests.attacks.proving_ground import TASK
from tests.evaluator.sandbox.language_models import write_documents

LANGUAGE_MODELLING = TaskSpec(type="language-modelling", settings={"documents_in_step": 64})
CHECKPOINT_LIMITS = Limits(
    memory_bytes=2 * 1024**3, load_seconds=60, smoke_seconds=30, hidden_seconds=30
)
DOCUMENTS = ["a document of bytes", "another one, in which more is told"]


def run_classifier(sandbox: Sandbox, folder: Path) -> SandboxResult:
    """Run the ONNX model in `folder / "model"` on `folder / "inputs.npy"`, eight rows of ones."""
    inputs = folder / "inputs.npy"
    np.save(inputs, np.ones((8, 4), dtype=np.float32))
    return sandbox.run(
        SandboxRequest(
            format="onnx",
            task=TASK,
            model_folder=folder / "model",
            smoke_inputs=inputs,
            hidden_inputs=inputs,
            output_folder=_output(folder),
            limits=LIMITS,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


def run_checkpoint(sandbox: Sandbox, folder: Path) -> SandboxResult:
    """Run the language model of transformers in `folder / "model"` on `DOCUMENTS`."""
    documents = write_documents(folder / "documents.jsonl", DOCUMENTS)
    return sandbox.run(
        SandboxRequest(
            format="transformers",
            task=LANGUAGE_MODELLING,
            model_folder=folder / "model",
            smoke_inputs=documents,
            hidden_inputs=documents,
            output_folder=_output(folder),
            limits=CHECKPOINT_LIMITS,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


def _output(folder: Path) -> Path:
    output = folder / "output"
    output.mkdir()
    return output
