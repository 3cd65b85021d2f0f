"""ONNX models whose tensors lie in files of somebody else, where inspection has been bypassed.

The runtime refuses places outside of the model's folder, and what lays a job out refuses links; so
neither the inputs beside the model nor another job's files can become weights.
"""

import shutil
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto

from evaluator.contract import Failure, Stage
from evaluator.inspection import Refused, folder_files
from evaluator.sandbox import workspace
from evaluator.sandbox.base import Sandbox, SandboxFault
from evaluator.sandbox.workspace import JobFolder
from tests.attacks.models_without_code import run_classifier
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


@pytest.mark.parametrize("location", ["/proc/self/exe", "../../../proc/self/exe"])
def test_a_place_outside_of_the_model(held: Sandbox, tmp_path: Path, location: str) -> None:
    """The program that runs is a file that every sandbox has, and large enough."""
    save(elsewhere(location), tmp_path / "model")
    result = run_classifier(held, tmp_path)

    assert (result.failure, result.failed_stage) == (Failure.LOAD_FAILED, Stage.STARTING)
    assert result.predictions is None


def test_inputs_beside_the_model(
    held: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come after the model is loaded; were they there before, it could not take them."""
    save(elsewhere("../smoke.npy"), tmp_path / "model")
    part = JobFolder.part

    def with_inputs(folder: JobFolder, name: str) -> JobFolder:
        job = part(folder, name)
        job.place(tmp_path / "inputs.npy", "smoke.npy")
        return job

    monkeypatch.setattr(JobFolder, "part", with_inputs)
    result = run_classifier(held, tmp_path)

    assert (result.failure, result.failed_stage) == (Failure.LOAD_FAILED, Stage.STARTING)
    # The control: the very bytes, where they may be taken from.
    monkeypatch.undo()
    shutil.rmtree(tmp_path / "output")
    save(elsewhere("smoke.npy"), tmp_path / "model")
    shutil.copy(tmp_path / "inputs.npy", tmp_path / "model" / "smoke.npy")
    assert run_classifier(held, tmp_path).failure is None


def test_a_link_in_the_model(
    held: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inspection tells its author; what lays the job out is the second wall."""
    save(elsewhere("weights.bin"), tmp_path / "model")
    (tmp_path / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "model" / "weights.bin").symlink_to(tmp_path / "weights.bin")

    with pytest.raises(Refused, match=r"^link: weights\.bin is a symbolic link\."):
        folder_files(tmp_path / "model")
    with pytest.raises(SandboxFault, match="neither a file nor a folder"):
        run_classifier(held, tmp_path)
    # The control: who lays out what a link points to has it taken for weights.
    shutil.rmtree(tmp_path / "output")
    monkeypatch.setattr(workspace, "_place", follow_links)
    assert run_classifier(held, tmp_path).failure is None


def follow_links(source: Path, target: Path) -> None:
    """Copy a file, or a folder with what its links point to."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def test_a_place_in_the_model_is_read(held: Sandbox, tmp_path: Path) -> None:
    """The control: the same bytes, beside the model."""
    save(elsewhere("weights.bin"), tmp_path / "model")
    (tmp_path / "model" / "weights.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "model" / "notes.txt").write_text("beside it")
    result = run_classifier(held, tmp_path)

    assert result.failure is None, result.smoke_log
    assert result.predictions is not None
    np.testing.assert_allclose(np.load(result.predictions), np.ones((8, 3)))
