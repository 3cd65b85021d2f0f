"""What a worker is told of the attempt that it has taken, with an address for each file."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from evaluator.contract import PREDICTIONS, MetricLimits, PredictJob, ScoreJob, SignedFile
from minigiants.artifacts.models import Blob
from minigiants.competitions.models import PackFile, PackVersion
from minigiants.submissions.evaluated_models import files_of, format_of
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.signing import BlobGrant, grant_sign


@dataclass(frozen=True)
class _Addresses:
    """The addresses that a job carries, relative to the platform as the worker reaches it."""

    evaluation_id: UUID
    status: Status
    attempt: int

    def blob(self, path: str, digest: str, size: int) -> SignedFile:
        token = grant_sign(BlobGrant(self.evaluation_id, self.status, self.attempt, digest))
        url = f"/api/v1/worker/blobs/{token}"
        return SignedFile(path=path, digest=digest, size=size, url=url)

    def file(self, file: PackFile | None) -> SignedFile | None:
        return None if file is None else self.blob(file.path, file.digest, file.size)

    def of(self, action: str) -> str:
        return f"/api/v1/worker/evaluations/{self.evaluation_id}/{action}"


def _files_in(version: PackVersion, *roles: PackFile.Role) -> dict[str, PackFile]:
    """The files of a version in roles that at most one file has, by role."""
    return {file.role: file for file in version.files.filter(role__in=roles)}


def predict_job(evaluation: Evaluation, *, attempt: int, token: str) -> PredictJob:
    """What a predict worker is told of an attempt that it has taken."""
    spec = evaluation.version.spec
    addresses = _Addresses(evaluation.pk, Status.PREDICTING, attempt)
    files = _files_in(evaluation.version, PackFile.Role.SMOKE_INPUTS, PackFile.Role.HIDDEN_INPUTS)
    return PredictJob(
        evaluation=evaluation.pk,
        attempt=attempt,
        task=spec.task,
        format=format_of(evaluation),
        limits=spec.runtime.limits,
        seed=spec.runtime.seed,
        artifact=tuple(
            addresses.blob(file.path, file.digest, file.size) for file in files_of(evaluation)
        ),
        smoke_inputs=addresses.file(files.get(PackFile.Role.SMOKE_INPUTS)),
        hidden_inputs=addresses.file(files.get(PackFile.Role.HIDDEN_INPUTS)),
        heartbeat_url=addresses.of("heartbeat"),
        report_url=addresses.of("report"),
        upload_url=addresses.of("blob"),
        report_token=token,
        lease_seconds=settings.LEASE_SECONDS,
    )


def score_job(evaluation: Evaluation, *, attempt: int, token: str) -> ScoreJob:
    """What a score worker is told of an attempt that it has taken."""
    spec = evaluation.version.spec
    addresses = _Addresses(evaluation.pk, Status.SCORING, attempt)
    files = _files_in(evaluation.version, PackFile.Role.LABELS, PackFile.Role.METRIC_CODE)
    labels = files[PackFile.Role.LABELS]
    predictions = Blob.objects.get(pk=evaluation.predictions_digest)
    handed_in = format_of(evaluation) == PREDICTIONS
    return ScoreJob(
        evaluation=evaluation.pk,
        attempt=attempt,
        task=spec.task,
        metrics=tuple(metric.as_metric() for metric in spec.metrics),
        labels=addresses.blob(labels.path, labels.digest, labels.size),
        predictions=addresses.blob(
            "predictions.csv" if handed_in else "predictions", predictions.digest, predictions.size
        ),
        metric_code=addresses.file(files.get(PackFile.Role.METRIC_CODE)),
        metric_limits=MetricLimits() if spec.metric is None else spec.metric.limits,
        heartbeat_url=addresses.of("heartbeat"),
        report_url=addresses.of("report"),
        upload_url=addresses.of("blob"),
        report_token=token,
        lease_seconds=settings.LEASE_SECONDS,
    )
