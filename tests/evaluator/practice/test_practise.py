"""Scoring on one's own machine: each task from a model's folder to its score."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evaluator.contract import Limits, MetricSpec
from evaluator.practice.messages import PracticeRequest
from evaluator.practice.scoring import practise
from tests.evaluator.task_cases import CASES, TaskCase

TASKS = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def request_for(case: TaskCase, format_name: str, folder: Path) -> PracticeRequest:
    labels = folder / "labels.csv"
    labels.write_text(case.labels)
    return PracticeRequest(
        format=format_name,
        task=case.task,
        metrics=(MetricSpec(name=case.metric),),
        limits=Limits(),
        seed=0,
        model=case.model(format_name, folder / "model"),
        inputs=case.inputs(folder),
        labels=labels,
    )


@TASKS
@pytest.mark.parametrize("format_name", ["onnx", "python"])
def test_a_model_is_scored(case: TaskCase, format_name: str, tmp_path: Path) -> None:
    result = practise(request_for(case, format_name, tmp_path))
    assert result.failure is None, result.log
    assert result.examples == len(case.examples)
    [score] = result.scores
    assert score.metric == case.metric
    assert score.value == pytest.approx(case.score)


def test_what_can_not_be_scored_is_one_line(tmp_path: Path) -> None:
    request = request_for(CASES[0], "onnx", tmp_path)
    wrong = request.model_copy(update={"metrics": (MetricSpec(name="rouge_l"),)})
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.practice"],
        input=wrong.model_dump_json(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "The metric 'rouge_l' does not fit the task 'regression'.\n"


def test_a_request_is_answered_in_json(tmp_path: Path) -> None:
    request = request_for(CASES[0], "onnx", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.practice"],
        input=request.model_dump_json(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["scores"] == [{"metric": "rmse", "value": 1.0}]
