"""A submission's way by hand: what dispatcher and workers would do, step by step."""

import io
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from evaluator.contract import (
    ClaimRequest,
    Failure,
    Measurements,
    MetricValue,
    PredictJob,
    PredictReport,
    Role,
    ScoreJob,
    ScoreReport,
    Split,
    Stage,
    StoredBlob,
    Strength,
)
from minigiants.competitions.models import Competition, PackFile
from minigiants.submissions.blobs import result_store
from minigiants.submissions.claims import evaluation_claim
from minigiants.submissions.models import Evaluation, Submission, WorkerKey
from minigiants.submissions.reports import predict_report_record, score_report_record
from minigiants.submissions.workers import worker_key_register
from tests.support.factories import (
    ArtifactFactory,
    CompetitionFactory,
    SubmissionFactory,
    TeamFactory,
    stored_blob,
)

PREDICT_SECRET = "predict-secret-of-thirty-two-characters"
SCORE_SECRET = "score-secret-of-thirty-two-characters-"


def runnable_competition(**changes: Any) -> Competition:
    """A competition whose current version has hidden inputs and labels too."""
    competition = CompetitionFactory(**changes)
    for role, path in {
        PackFile.Role.SMOKE_INPUTS: "smoke.npy",
        PackFile.Role.HIDDEN_INPUTS: "hidden.npy",
        PackFile.Role.LABELS: "labels.csv",
    }.items():
        blob = stored_blob(f"{role} of {competition.slug}".encode())
        PackFile.objects.create(
            version=competition.current_version,
            role=role,
            path=path,
            digest=blob.digest,
            size=blob.size,
        )
    return competition


def queued_submission(competition: Competition | None = None, **changes: Any) -> Submission:
    """A submission of a new team that waits in the queue of a runnable competition."""
    team = TeamFactory(competition=competition or runnable_competition())
    return SubmissionFactory(artifact=ArtifactFactory(team=team, **changes))


@dataclass
class Pipeline:
    """A predict worker and a score worker, played by the test."""

    predict_key: WorkerKey
    score_key: WorkerKey

    @classmethod
    def start(cls) -> "Pipeline":
        """Register both workers' credentials."""
        return cls(
            worker_key_register(
                role=Role.PREDICT, profile="cpu", name="test", secret=PREDICT_SECRET
            ),
            worker_key_register(role=Role.SCORE, profile="cpu", name="test", secret=SCORE_SECRET),
        )

    def claim_predict(self, evaluation: Evaluation, attempt: int = 1) -> PredictJob:
        """Claim the attempt to predict."""
        job = self._claim(self.predict_key, evaluation, attempt)
        assert isinstance(job, PredictJob)
        return job

    def claim_score(self, evaluation: Evaluation, attempt: int = 1) -> ScoreJob:
        """Claim the attempt to score."""
        job = self._claim(self.score_key, evaluation, attempt)
        assert isinstance(job, ScoreJob)
        return job

    def _claim(self, key: WorkerKey, evaluation: Evaluation, attempt: int) -> Any:
        request = ClaimRequest(attempt=attempt, worker="worker-1", claim=uuid4())
        return evaluation_claim(key=key, evaluation_id=evaluation.pk, request=request)

    def store(self, job: PredictJob | ScoreJob, content: bytes = b"predictions") -> StoredBlob:
        """Store a result of a running attempt."""
        return result_store(
            evaluation_id=job.evaluation, token=job.report_token, body=io.BytesIO(content)
        )

    def report_predictions(self, job: PredictJob, **changes: Any) -> PredictReport:
        """Report predictions that were stored before."""
        report = PredictReport(
            attempt=job.attempt,
            report_token=job.report_token,
            predictions=changes.pop("predictions", None) or self.store(job),
            measurements=Measurements(sandbox=Strength.DOCKER, latency_seconds=0.001234567),
            smoke_log="hello from the smoke run",
            host_log="SECRET of the hidden run",
            **changes,
        )
        predict_report_record(evaluation_id=job.evaluation, report=report)
        return report

    def report_failure(
        self, job: PredictJob | ScoreJob, failure: Failure, *, stage: Stage | None = None
    ) -> None:
        """Report that the attempt has failed, where predicting at `stage`."""
        told = {
            "attempt": job.attempt,
            "report_token": job.report_token,
            "failure": failure,
            "failure_detail": "SECRET detail for hosts",
        }
        if isinstance(job, PredictJob):
            report = PredictReport(failed_stage=stage, **told)
            predict_report_record(evaluation_id=job.evaluation, report=report)
        else:
            score_report_record(evaluation_id=job.evaluation, report=ScoreReport(**told))

    def report_scores(
        self,
        job: ScoreJob,
        *,
        public: float = 0.9,
        private: float = 0.8,
        losses: bytes | None = None,
    ) -> ScoreReport:
        """Report both metrics on both splits, and a file of losses if there is one."""
        values = [
            MetricValue(metric=metric, split=split, value=value)
            for metric in ("accuracy", "f1_macro")
            for split, value in ((Split.PUBLIC, public), (Split.PRIVATE, private))
        ]
        report = ScoreReport(
            attempt=job.attempt,
            report_token=job.report_token,
            values=tuple(values),
            losses=None if losses is None else self.store(job, losses),
        )
        score_report_record(evaluation_id=job.evaluation, report=report)
        return report

    def run(
        self,
        submission: Submission,
        *,
        public: float,
        private: float = 0.5,
        losses: bytes | None = None,
    ) -> None:
        """The whole way of a queued submission, to its scores."""
        evaluation = submission.evaluations.get()
        self.report_predictions(self.claim_predict(evaluation))
        job = self.claim_score(evaluation)
        self.report_scores(job, public=public, private=private, losses=losses)
