"""Scoring: stored predictions meet the labels, on a machine where no participant code runs.

An organizer's own metric runs there too, in a container of its own.
"""

from collections.abc import Callable
from pathlib import Path

from evaluator.contract import Failure, ScoreJob, ScoreReport, Stage, StoredBlob
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused
from evaluator.scoring import ScoreOutcome, ScoringFailed, score
from evaluator.tasks import load_task
from evaluator.tasks.errors import InvalidLabels, InvalidPredictions, InvalidTask
from evaluator.tasks.submission_file import submitted_predictions
from evaluator.worker.clipping import clip_detail, clip_log
from evaluator.worker.custom_metric import CustomMetric
from evaluator.worker.fetching import Fetcher
from evaluator.worker.known_labels import KnownLabels
from evaluator.worker.lease import Lease
from evaluator.worker.platform_client import PlatformClient
from evaluator.worker.retry import retried
from evaluator.worker.work import Work

UPLOAD_SECONDS = 300.0
"""How long the upload of losses is tried again."""
PARTICIPANT_CHARACTERS = 500
"""How much of a sentence for the participant a report carries."""


class Scoring(Work[ScoreJob, ScoreReport]):
    """The work of a score worker."""

    job_type = ScoreJob

    def __init__(
        self, client: PlatformClient, fetcher: Fetcher, custom_metric: CustomMetric
    ) -> None:
        self._client = client
        self._fetcher = fetcher
        self._custom_metric = custom_metric
        self._known_labels = KnownLabels()

    def execute(self, job: ScoreJob, folder: Path, lease: Lease) -> ScoreReport:
        """See `Work`."""
        try:
            outcome = self._score(job, folder, lease)
        except InvalidPredictions as error:
            told = error.detail if _is_handed_in(job) else ""
            return _failed(job, Failure.INVALID_PREDICTIONS, str(error), told=told)
        except SubmissionRefused as error:
            detail = "The metric refused the submission."
            return _failed(job, Failure.INVALID_PREDICTIONS, detail, told=str(error))
        except MetricFailed as error:
            return _failed(job, Failure.SCORING_FAILED, str(error), log=error.log)
        except (InvalidLabels, InvalidTask, ScoringFailed) as error:
            return _failed(job, Failure.SCORING_FAILED, str(error))
        lease.proceed(Stage.REPORTING)
        return ScoreReport(
            attempt=job.attempt,
            report_token=job.report_token,
            values=outcome.values,
            losses=self._store(job, outcome.losses, folder / "losses.zip", lease),
        )

    def prove(self, on_tick: Callable[[], None]) -> None:
        """See `Work`. What needs no container can always begin."""
        self._custom_metric.prove()

    def fault(self, job: ScoreJob, failure: Failure, stage: Stage, detail: str) -> ScoreReport:
        """See `Work`."""
        return _failed(job, failure, f"While {stage}: {detail}")

    def _score(self, job: ScoreJob, folder: Path, lease: Lease) -> ScoreOutcome:
        lease.proceed(Stage.FETCHING)
        labels, predictions = folder / "labels.csv", folder / "predictions"
        self._fetcher.fetch(job.labels, labels, lease)
        self._fetcher.fetch(job.predictions, predictions, lease)
        if job.metric_code is not None:
            code = folder / "metric.py"
            self._fetcher.fetch(job.metric_code, code, lease)
            lease.proceed(Stage.SCORING)
            return self._custom_metric.score(
                job,
                code=code,
                solution=labels,
                submission=predictions,
                folder=folder,
                lease=lease,
            )
        lease.proceed(Stage.SCORING)
        task = load_task(job.task)
        truth = self._known_labels.read(labels, job.labels.digest, job.task)
        if _is_handed_in(job):
            answers = submitted_predictions(task, predictions, truth.ids)
        else:
            answers = task.read_predictions(predictions, len(truth))
        return score(task, answers, truth, job.metrics, on_tick=lease.check)

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


def _is_handed_in(job: ScoreJob) -> bool:
    """Whether the predictions are a participant's own file, of which everything may be told."""
    return job.predictions.path.endswith(".csv")


def _failed(
    job: ScoreJob, failure: Failure, detail: str, *, told: str = "", log: str = ""
) -> ScoreReport:
    return ScoreReport(
        attempt=job.attempt,
        report_token=job.report_token,
        failure=failure,
        failure_detail=clip_detail(detail),
        participant_detail=clip_detail(told, PARTICIPANT_CHARACTERS),
        host_log=clip_log(log),
    )
