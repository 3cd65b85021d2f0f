"""ONNX models whose tensors lie in files of somebody else, where inspection has been bypassed.

The runtime refuses places outside of the model's folder, and what lays a job out refuses links; so
neither the smoke inputs beside the model nor another job's files can become weights.
"""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto

from evaluator.contract import Failure, Stage
from evaluator.sandbox.base import Sandbox, SandboxFault, SandboxRequest, SandboxResult
from tests.attacks.possessed import LIMITS
from tests.attacks.proving_ground import TASK
from tests.evaluator.harness.onnx_models import linear, save

pytestmark = pytest.mark.docker

WEIGHTS = np.full((4, 3), 0.25, dtype=np.float32)


def elsewhere(location: str) -> ModelProto:
    """A linear model whose weights lie at `location`."""
    model = linear(WEIGHTS)
    (weights,) = model.graph.initializer
    weights.ClearField("raw_data")
    weights.ClearField("float_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=location)
    return model


def run(sandbox: Sandbox, folder: Path) -> SandboxResult:
    """Run the model in `folder / "model"` on eight examples of ones."""
    output = folder / "output"
    output.mkdir()
    inputs = folder / "inputs.npy"
    np.save(inputs, np.ones((8, 4), dtype=np.float32))
    return sandbox.run(
        SandboxRequest(
            format="onnx",
            task=TASK,
            model_folder=folder / "model",
            smoke_inputs=inputs,
            hidden_inputs=inputs,
            output_folder=output,
            limits=LIMITS,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


@pytest.mark.parametrize("location", ["/proc/self/exe", "../../../proc/self/exe"])
def test_a_place_outside_of_the_model(held: Sandbox, tmp_path: Path, location: str) -> None:
    """The program that runs is a file that every sandbox has, and large enough."""
    save(elsewhere(location), tmp_path / "model")
    result = run(held, tmp_path)

    assert (result.failure, result.failed_stage) == (Failure.LOAD_FAILED, Stage.STARTING)
    assert result.predictions is None


def test_a_link_in_the_model(held: Sandbox, tmp_path: Path) -> None:
    save(elsewhere("weights.bin"), tmp_path / "model")
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "model" / "weights.bin").symlink_to(tmp_path / "weights.bin")

    with pytest.raises(SandboxFault, match="neither a file nor a folder"):
        run(held, tmp_path)


def test_a_place_in_the_model_is_read(held: Sandbox, tmp_path: Path) -> None:
    """The control: the same bytes, beside the model."""
    save(elsewhere("weights.bin"), tmp_path / "model")
    (tmp_path / "model" / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "model" / "notes.txt").write_text("beside it")
    result = run(held, tmp_path)

    assert result.failure is None, result.smoke_log
    assert result.predictions is not None
    np.testing.assert_allclose(np.load(result.predictions), np.ones((8, 3)))
