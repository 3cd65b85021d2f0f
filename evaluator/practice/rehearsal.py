"""A baseline of a pack, run and scored on its author's machine as workers will: on hidden data.

`python -m evaluator.practice.rehearsal` reads a `RehearsalRequest` from standard input and writes
its result. The same harness, task and metrics as on the platform; no sandbox, because model,
labels and metric are the caller's own.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import (
    PREDICTIONS,
    Failure,
    Limits,
    Message,
    MetricLimits,
    MetricSpec,
    MetricValue,
    TaskSpec,
)
from evaluator.harness.metric_answer import CALL, CODE, MODULE, SOLUTION, SUBMISSION
from evaluator.practice.program import answer
from evaluator.practice.scoring import run_model
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.metric_answer import read_answer
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused
from evaluator.scoring import score
from evaluator.scoring.custom import SplitTables, score_custom
from evaluator.tasks import load_task
from evaluator.tasks.csv_table import ID
from evaluator.tasks.custom import custom_settings, read_solution
from evaluator.tasks.errors import InvalidPredictions
from evaluator.tasks.submission_file import (
    read_submission,
    require_columns,
    submitted_predictions,
)


class RehearsalRequest(Message):
    """A baseline's artifact, the hidden data, and how it is run and scored.

    There are inputs where a model runs, and there is `metric_code` in the task `custom` alone.
    """

    format: str
    task: TaskSpec
    metrics: tuple[MetricSpec, ...]
    limits: Limits
    seed: int
    model: Path
    smoke_inputs: Path | None
    hidden_inputs: Path | None
    labels: Path
    metric_code: Path | None
    metric_limits: MetricLimits


class RehearsalResult(Message):
    """Scores on both splits, or why there are none."""

    failure: str | None = None
    detail: str = ""
    values: tuple[MetricValue, ...] = ()
    log: str = ""


class _Failed(Exception):
    """The model did not answer as it should."""

    def __init__(self, failure: Failure, detail: str, log: str) -> None:
        super().__init__(detail)
        self.result = RehearsalResult(failure=failure.value, detail=detail, log=log)


def rehearse(request: RehearsalRequest) -> RehearsalResult:
    """Run and score one baseline. Raises `TaskError`, `ScoringFailed`, `SandboxFault`."""
    try:
        with TemporaryDirectory(prefix="minigiants-rehearsal-") as name:
            values = (
                _model(request, Path(name))
                if request.metric_code is None
                else _custom(request, request.metric_code, Path(name))
            )
    except _Failed as failed:
        return failed.result
    except (InvalidPredictions, SubmissionRefused) as error:
        return RehearsalResult(failure=Failure.INVALID_PREDICTIONS.value, detail=str(error))
    except MetricFailed as error:
        return RehearsalResult(
            failure=Failure.SCORING_FAILED.value, detail=str(error), log=error.log
        )
    return RehearsalResult(values=values)


def _model(request: RehearsalRequest, folder: Path) -> tuple[MetricValue, ...]:
    task = load_task(request.task)
    truth = task.read_labels(request.labels)
    if request.format == PREDICTIONS:
        answers = submitted_predictions(task, request.model / "predictions.csv", truth.ids)
        return score(task, answers, truth, request.metrics).values
    if request.smoke_inputs is None or request.hidden_inputs is None:
        raise SandboxFault("A model needs inputs.")
    result = run_model(
        format_name=request.format,
        task=task.spec,
        limits=request.limits,
        seed=request.seed,
        model=request.model,
        smoke_inputs=request.smoke_inputs,
        hidden_inputs=request.hidden_inputs,
        folder=folder,
    )
    if result.predictions is None:
        failure = result.failure or Failure.CRASHED
        raise _Failed(failure, result.failure_detail, result.smoke_log + result.host_log)
    answers = task.read_predictions(result.predictions, len(truth))
    return score(task, answers, truth, request.metrics).values


def _custom(request: RehearsalRequest, code: Path, folder: Path) -> tuple[MetricValue, ...]:
    truth = read_solution(request.labels)
    results = read_submission(request.model / "predictions.csv", truth.ids)
    settings = custom_settings(request.task)
    if settings.columns is not None:
        require_columns(results, settings.columns)
    spec = request.metrics[0]

    def score_split(tables: SplitTables) -> tuple[float, NDArray[np.float64] | None]:
        return _call_metric(request, code, tables, folder / "job")

    return score_custom(spec, truth, results, folder=folder, score_split=score_split).values


def _call_metric(
    request: RehearsalRequest, code: Path, tables: SplitTables, job: Path
) -> tuple[float, NDArray[np.float64] | None]:
    job.mkdir(exist_ok=True)
    for source, name in (
        (code, CODE),
        (tables.solution, SOLUTION),
        (tables.submission, SUBMISSION),
    ):
        shutil.copyfile(source, job / name)
    call = {"row_id_column_name": ID, "params": request.metrics[0].params}
    (job / CALL).write_text(json.dumps(call))
    seconds = request.metric_limits.time_seconds
    try:
        done = subprocess.run(
            [sys.executable, "-m", MODULE, "--job", str(job)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise MetricFailed(f"The metric took longer than {seconds:g} s for one split.") from error
    if done.returncode != 0:  # whatever the metric did, it would have answered
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise SandboxFault(f"metric.py could not be called: {said[-1]}")
    try:
        return read_answer(done.stdout, tables.rows)
    except MetricFailed as failed:
        raise MetricFailed(str(failed), log=done.stderr.decode(errors="replace")) from failed


if __name__ == "__main__":
    sys.exit(answer(RehearsalRequest, rehearse))
