"""Scoring: stored predictions meet the labels, on a machine where no participant code runs."""

from pathlib import Path

from evaluator.contract import Failure, ScoreJob, ScoreReport, Stage, StoredBlob
from evaluator.scoring import ScoreOutcome, ScoringFailed, score
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidLabels, InvalidPredictions, InvalidTask
from evaluator.worker.clipping import clip_detail
from evaluator.worker.fetching import Fetcher
from evaluator.worker.lease import Lease
from evaluator.worker.platform_client import PlatformClient
from evaluator.worker.retry import retried
from evaluator.worker.work import Work

UPLOAD_SECONDS = 300.0
"""How long the upload of losses is tried again."""


class Scoring(Work[ScoreJob, ScoreReport]):
    """The work of a score worker."""

    job_type = ScoreJob

    def __init__(self, client: PlatformClient, fetcher: Fetcher) -> None:
        self._client = client
        self._fetcher = fetcher

    def execute(self, job: ScoreJob, folder: Path, lease: Lease) -> ScoreReport:
        """See `Work`."""
        lease.proceed(Stage.FETCHING)
        labels, predictions = folder / "labels.csv", folder / "predictions"
        self._fetcher.fetch(job.labels, labels, lease)
        self._fetcher.fetch(job.predictions, predictions, lease)
        lease.proceed(Stage.SCORING)
        try:
            outcome = _score(job, predictions, labels)
        except InvalidPredictions as error:
            return _failed(job, Failure.INVALID_PREDICTIONS, str(error))
        except (InvalidLabels, InvalidTask, ScoringFailed) as error:
            return _failed(job, Failure.SCORING_FAILED, str(error))
        lease.proceed(Stage.REPORTING)
        return ScoreReport(
            attempt=job.attempt,
            report_token=job.report_token,
            values=outcome.values,
            losses=self._store(job, outcome.losses, folder / "losses.npy", lease),
        )

    def fault(self, job: ScoreJob, stage: Stage, detail: str) -> ScoreReport:
        """See `Work`."""
        return _failed(job, Failure.WORKER_FAULT, f"While {stage}: {detail}")

    def _store(
        self, job: ScoreJob, losses: bytes | None, file: Path, lease: Lease
    ) -> StoredBlob | None:
        if losses is None:
            return None
        file.write_bytes(losses)
        return retried(
            lambda: self._client.upload(job.upload_url, job.report_token, file),
            what="upload",
            pause=lease.pause,
            seconds=UPLOAD_SECONDS,
        )


def _score(job: ScoreJob, predictions_file: Path, labels_file: Path) -> ScoreOutcome:
    task = load_task(job.task)
    labels = task.read_labels(labels_file)
    predictions = task.read_predictions(predictions_file, len(labels))
    return score(task, predictions, labels, job.metrics)


def _failed(job: ScoreJob, failure: Failure, detail: str) -> ScoreReport:
    return ScoreReport(
        attempt=job.attempt,
        report_token=job.report_token,
        failure=failure,
        failure_detail=clip_detail(detail),
    )
