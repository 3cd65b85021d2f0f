"""The baselines score what they say, count what they say, and can be made again."""

import csv
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score

from evaluator.inspection import detect_format, first_fitting, folder_files, inspect_artifact
from minigiants.competitions.pack import BaselineSpec, PackSpec
from minigiants.competitions.pack_folder import read_pack
from tests.competitions.digits.conftest import PACK

SPEC: PackSpec = read_pack(PACK).spec
BASELINES = [pytest.param(baseline, id=baseline.folder) for baseline in SPEC.baselines]
EXPECTED = {
    "baselines/softmax-650": ("onnx", 650, "1k"),
    "baselines/mlp-9610": ("onnx", 9610, "10k"),
    "baselines/conv-python": ("python", 9098, "10k"),
}


def predict(artifact: Path, inputs: NDArray[Any]) -> NDArray[Any]:
    """Scores [n, 10] of the model in `artifact`."""
    if (artifact / "model.onnx").exists():
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(artifact / "model.onnx", options)
        return np.asarray(session.run(None, {session.get_inputs()[0].name: inputs})[0])
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location("baseline_model", artifact / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return np.asarray(module.load(artifact, "cpu").predict(inputs))


def public_accuracy(artifact: Path, built: Path) -> float:
    with (built / "hidden/labels.csv").open(newline="") as file:
        labels = list(csv.DictReader(file))
    public = np.array([row["usage"] == "Public" for row in labels])
    truth = np.array([int(row["label"]) for row in labels])
    scores = predict(artifact, np.load(built / "hidden/test_inputs.npy"))
    assert scores.shape == (600, 10)
    return float(accuracy_score(truth[public], scores.argmax(axis=1)[public]))


@pytest.mark.parametrize("baseline", BASELINES)
def test_the_committed_model_scores_what_the_pack_says(
    baseline: BaselineSpec, pack: Path, built: Path
) -> None:
    score = public_accuracy(pack / baseline.folder / "artifact", built)
    assert score == pytest.approx(baseline.score, abs=baseline.tolerance)


@pytest.mark.parametrize("baseline", BASELINES)
def test_inspection_counts_what_the_readme_says(baseline: BaselineSpec, pack: Path) -> None:
    name, parameters, division = EXPECTED[baseline.folder]
    files = folder_files(pack / baseline.folder / "artifact")
    assert detect_format(files) == name
    verdict = inspect_artifact(files, format=name)
    assert verdict.refusals == ()
    assert verdict.counts is not None
    assert verdict.counts.parameters == parameters
    place = first_fitting(verdict.counts, [division.budget for division in SPEC.divisions])
    assert place is not None
    assert SPEC.divisions[place].slug == division
    readme = (pack / baseline.folder / "README.md").read_text()
    assert f"| Parameters | {parameters:,} |" in readme
    assert f"| {baseline.score:.4f} ({round(baseline.score * 300)} of 300) |" in readme


def test_every_division_has_a_baseline_that_needs_no_container() -> None:
    served = {division for name, _, division in EXPECTED.values() if name == "onnx"}
    assert served == {division.slug for division in SPEC.divisions}


@pytest.mark.parametrize("baseline", BASELINES)
def test_training_makes_it_again(
    baseline: BaselineSpec, pack: Path, built: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "baseline"
    shutil.copytree(pack / baseline.folder, copy)
    weights = next(copy.glob("artifact/model.*[!y]"))
    weights.unlink()
    subprocess.run(
        [sys.executable, copy / "train.py", built / "public", copy / "artifact"],
        check=True,
        timeout=300,
    )
    assert weights.exists()
    # Processors sum in different orders, so the weights may differ a little: three images.
    assert public_accuracy(copy / "artifact", built) == pytest.approx(baseline.score, abs=0.0101)
