"""Each template is a pack that can be published: its data is right, its baseline scores."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from client.errors import MinigiantsError
from client.pack_building import archive_write, built, pack_begin, template_names
from client.rehearsal import Rehearsed, rehearse_all
from minigiants.api.resources.hosting import report_out
from minigiants.competitions.problems import PackRefused
from minigiants.submissions.hosting import archive_check
from tests.evaluator.harness.onnx_models import linear, save
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db


def _rehearsed(folder: Path, scratch: Path) -> Rehearsed:
    """How the one baseline of a pack does, which the server finds right but for that."""
    staff = UserFactory.create(is_staff=True)
    with built(folder) as data:
        archive_write(folder, data, scratch / "pack.zip")
        with (scratch / "pack.zip").open("rb") as archive:
            report = archive_check(slug="my-first", archive=archive, actor=staff)
        assert report.spec.title == "My first"
        document = report_out(report).model_dump(mode="json")
        (rehearsed,) = rehearse_all(folder, data, document, scratch)
    return rehearsed


@pytest.mark.timeout(600)
@pytest.mark.parametrize("task", template_names())
def test_a_template_validates(task: str, tmp_path: Path) -> None:
    rehearsed = _rehearsed(pack_begin("my-first", task, tmp_path), tmp_path)
    assert rehearsed.fault == ""
    assert rehearsed.score == pytest.approx(rehearsed.announced, abs=1e-6)


def _nan_metric(folder: Path) -> None:
    metric = "def score(solution, submission, row_id_column_name):\n    return float('nan')\n"
    (folder / "metric.py").write_text(metric)


def _raising_metric(folder: Path) -> None:
    metric = "def score(solution, submission, row_id_column_name):\n    return solution['gone']\n"
    (folder / "metric.py").write_text(metric)


def _other_classes(folder: Path) -> None:
    save(linear(np.ones((3, 5), np.float32)), folder / "baselines/first/artifact")


def _missing_answer(folder: Path) -> None:
    answers = folder / "baselines/first/artifact/predictions.csv"
    answers.write_text("".join(answers.read_text().splitlines(keepends=True)[:-1]))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("task", "spoil", "says"),
    [
        ("custom", _nan_metric, "not finite"),
        ("custom", _raising_metric, "KeyError"),
        ("custom", _missing_answer, "missing"),
        ("classification", _other_classes, "invalid_predictions"),
    ],
)
def test_a_baseline_that_does_not_score_is_told_with_its_line(
    task: str, spoil: Callable[[Path], None], says: str, tmp_path: Path
) -> None:
    folder = pack_begin("my-first", task, tmp_path)
    spoil(folder)
    rehearsed = _rehearsed(folder, tmp_path)
    assert rehearsed.score is None
    assert says in rehearsed.fault
    lines = (folder / "competition.yaml").read_text().splitlines()
    assert rehearsed.line is not None
    assert lines[rehearsed.line - 1].strip() == "- folder: baselines/first"


def test_a_baseline_that_is_over_the_budget_is_refused_by_the_server(tmp_path: Path) -> None:
    folder = pack_begin("my-first", "classification", tmp_path)
    save(linear(np.ones((3, 500), np.float32)), folder / "baselines/first/artifact")
    with pytest.raises(PackRefused) as refused:
        _rehearsed(folder, tmp_path)
    (fault,) = refused.value.faults
    lines = (folder / "competition.yaml").read_text().splitlines()
    assert fault.line is not None
    assert lines[fault.line - 1].strip() == "- folder: baselines/first"
    assert "parameters: 1,500 of 1,000" in fault.message


@pytest.mark.parametrize(
    ("slug", "task", "code"),
    [
        ("My_Pack", "classification", "invalid_slug"),
        ("x" * 33, "classification", "invalid_slug"),
        ("good", "origami", "unknown_task"),
        ("good", "common", "unknown_task"),
    ],
)
def test_what_can_not_be_begun(slug: str, task: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(MinigiantsError) as refused:
        pack_begin(slug, task, tmp_path)
    assert refused.value.code == code


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    with pytest.raises(MinigiantsError, match="is there already"):
        pack_begin("good", "classification", tmp_path)


@pytest.mark.parametrize(
    ("builder", "message"),
    [("raise SystemExit('no source')", "no source"), (None, "is missing")],
)
def test_a_builder_that_fails_is_told(builder: str | None, message: str, tmp_path: Path) -> None:
    folder = pack_begin("good", "classification", tmp_path)
    (folder / "build_data.py").unlink()
    if builder is not None:
        (folder / "build_data.py").write_text(builder)
    with pytest.raises(MinigiantsError, match=message), built(folder):
        pass
