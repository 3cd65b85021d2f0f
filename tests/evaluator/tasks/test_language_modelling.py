"""Language modelling: documents, their lengths as labels, and bits a byte."""

from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import MetricSpec, Split, TaskSpec
from evaluator.scoring import Scorer
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidInputs, InvalidLabels, InvalidPredictions, InvalidTask
from tests.evaluator.sandbox.language_models import write_documents

TASK = load_task(TaskSpec(type="language-modelling"))
DOCUMENTS = ["a", "été", "x" * 4096]
LABELS = "id,label,usage\n0,1,Public\n1,5,Public\n2,4096,Private\n"


def write_labels(folder: Path, text: str = LABELS) -> Path:
    file = folder / "labels.csv"
    file.write_text(text)
    return file


def test_the_defaults_are_complete() -> None:
    assert TASK.spec.settings == {"documents_in_step": 128}


@pytest.mark.parametrize("documents", [63, 257], ids=str)
def test_documents_in_step_have_bounds(documents: int) -> None:
    settings = {"documents_in_step": documents}
    with pytest.raises(InvalidTask):
        load_task(TaskSpec(type="language-modelling", settings=settings))


def test_documents_are_counted(tmp_path: Path) -> None:
    assert TASK.count_examples(write_documents(tmp_path / "inputs.jsonl", DOCUMENTS)) == 3


@pytest.mark.parametrize(
    ("documents", "reason"),
    [([], "no_examples"), (["a", ""], "empty_document"), (["é" * 2049], "malformed")],
    ids=["none", "an empty one", "too long"],
)
def test_other_documents(tmp_path: Path, documents: list[str], reason: str) -> None:
    with pytest.raises(InvalidInputs) as refused:
        TASK.count_examples(write_documents(tmp_path / "inputs.jsonl", documents))
    assert refused.value.reason == reason


@pytest.mark.parametrize("label", ["", "0", "-1", "4097", "1.5", "²", "1e3", "99999999999"])
def test_labels_that_are_no_lengths(tmp_path: Path, label: str) -> None:
    with pytest.raises(InvalidLabels):
        TASK.read_labels(write_labels(tmp_path, f"id,label,usage\n0,{label},Public\n"))


def test_a_documents_weight_is_its_length(tmp_path: Path) -> None:
    nats = np.array([[2.0], [3.0], [4000.0]], dtype=np.float32)
    np.save(tmp_path / "predictions.npy", nats)
    labels = TASK.read_labels(write_labels(tmp_path), 3)
    predictions = TASK.read_predictions(tmp_path / "predictions.npy", 3)
    scorer = Scorer(TASK, predictions, labels)
    metric = MetricSpec(name="bits_per_byte")

    public = scorer.value(metric, labels.mask(Split.PUBLIC))
    private = scorer.value(metric, labels.mask(Split.PRIVATE))
    assert public == pytest.approx(5 / np.log(2) / 6)
    assert private == pytest.approx(4000 / np.log(2) / 4096)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([[1.0], [-1e-3], [1.0]], "negative"),
        ([[1.0], [np.nan], [1.0]], "not_finite"),
        ([[1.0], [1.0]], "wrong_shape"),
    ],
    ids=["negative", "NaN", "too few"],
)
def test_predictions_that_are_no_nats(tmp_path: Path, rows: list[list[float]], reason: str) -> None:
    np.save(tmp_path / "predictions.npy", np.array(rows, dtype=np.float32))
    with pytest.raises(InvalidPredictions) as refused:
        TASK.read_predictions(tmp_path / "predictions.npy", 3)
    assert refused.value.reason == reason
