"""Scoring a task `custom`: the organizer's metric is called in its sandbox, split by split."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import ScoreJob
from evaluator.sandbox.base import SandboxUnavailable
from evaluator.sandbox.metric_base import MetricCall, MetricSandbox
from evaluator.scoring import ScoreOutcome
from evaluator.scoring.custom import SplitTables, score_custom
from evaluator.tasks.csv_table import ID
from evaluator.tasks.custom import custom_settings, read_solution
from evaluator.tasks.submission_file import read_submission, require_columns
from evaluator.worker.lease import Lease


class CustomMetric:
    """Calls metrics in the sandbox of this worker, if it has one."""

    def __init__(self, sandbox: MetricSandbox | None) -> None:
        self._sandbox = sandbox

    def prove(self) -> None:
        """See whether a metric could be called, if this worker calls any. Raises `SandboxFault`."""
        if self._sandbox is not None:
            self._sandbox.prove()

    def score(
        self,
        job: ScoreJob,
        *,
        code: Path,
        solution: Path,
        submission: Path,
        folder: Path,
        lease: Lease,
    ) -> ScoreOutcome:
        """Score a submission by the metric in the file `code`.

        Raises `SandboxUnavailable` where this worker has no container engine, `InvalidTask`,
        `InvalidLabels`, `InvalidPredictions`, and what `MetricSandbox.run` raises.
        """
        sandbox = self._sandbox
        if sandbox is None:
            raise SandboxUnavailable(
                "metric.py runs in a container alone, and this score worker has no container "
                "engine. Give it one, and the harness image."
            )
        settings = custom_settings(job.task)
        truth = read_solution(solution)
        results = read_submission(submission, truth.ids)
        if settings.columns is not None:
            require_columns(results, settings.columns)
        spec = job.metrics[0]

        def score_split(tables: SplitTables) -> tuple[float, NDArray[np.float64] | None]:
            call = MetricCall(
                code=code,
                solution=tables.solution,
                submission=tables.submission,
                rows=tables.rows,
                row_id_column=ID,
                params=spec.params,
                limits=job.metric_limits,
            )
            result = sandbox.run(call, on_tick=lease.check)
            return result.score, result.losses

        return score_custom(spec, truth, results, folder=folder, score_split=score_split)
