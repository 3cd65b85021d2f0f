"""Whoever holds a predict worker's whole configuration: what it opens, and what it doesn't.

Each attack has its control: the same request with the credential that it lacks is answered.
(The broker's half, what its Redis user may do, is in tests/evaluator/worker.)
"""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from evaluator.contract import MetricValue, PredictJob, ScoreReport, Split, Stage
from minigiants.competitions.models import PackFile
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation
from minigiants.submissions.signing import BlobGrant, grant_sign
from tests.support.pipeline import PREDICT_SECRET, SCORE_SECRET, Pipeline, queued_submission

pytestmark = pytest.mark.django_db

WORKER = "/api/v1/worker"


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def evaluation() -> Evaluation:
    return queued_submission().evaluations.get()


def post(path: str, message: dict[str, Any], secret: str = PREDICT_SECRET) -> Any:
    return Client().post(
        f"{WORKER}/{path}",
        data=message,
        content_type="application/json",
        headers={"Authorization": f"Bearer {secret}"},
    )


def score_report(token: str) -> dict[str, Any]:
    values = tuple(
        MetricValue(metric=metric, split=split, value=1.0)
        for metric in ("accuracy", "f1_macro")
        for split in Split
    )
    report = ScoreReport(attempt=1, report_token=token, values=values)
    return report.model_dump(mode="json")


def claim(evaluation: Evaluation, secret: str) -> Any:
    return post(
        f"evaluations/{evaluation.pk}/claim",
        {"attempt": 1, "worker": "thief", "claim": str(uuid4())},
        secret=secret,
    )


def test_it_cannot_claim_scoring(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    refused = claim(evaluation, PREDICT_SECRET)
    assert (refused.status_code, refused.json()["code"]) == (409, "claim_lost")
    assert claim(evaluation, SCORE_SECRET).status_code == 200


def test_it_is_never_offered_a_label(pipeline: Pipeline, evaluation: Evaluation) -> None:
    labels = PackFile.objects.get(role=PackFile.Role.LABELS)
    offered = claim(evaluation, PREDICT_SECRET)
    assert offered.status_code == 200
    assert labels.digest not in offered.content.decode()
    pipeline.report_predictions(PredictJob.model_validate(offered.json()))
    assert labels.digest in claim(evaluation, SCORE_SECRET).content.decode()


def test_it_cannot_sign_an_address_of_its_own(
    pipeline: Pipeline, evaluation: Evaluation, settings: Any
) -> None:
    pipeline.claim_predict(evaluation)
    labels = PackFile.objects.get(role=PackFile.Role.LABELS)
    grant = BlobGrant(evaluation.pk, Status.PREDICTING, 1, labels.digest)
    secret_key, settings.SECRET_KEY = settings.SECRET_KEY, PREDICT_SECRET
    forged = grant_sign(grant)
    settings.SECRET_KEY = secret_key
    assert Client().get(f"{WORKER}/blobs/{forged}").status_code == 404
    # The control: with the platform's own key the very same grant would open the labels.
    assert Client().get(f"{WORKER}/blobs/{grant_sign(grant)}").status_code == 200


def test_an_address_of_an_attempt_that_is_over_opens_nothing(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    assert job.hidden_inputs is not None
    assert Client().get(job.hidden_inputs.url).status_code == 200
    pipeline.report_predictions(job)
    assert Client().get(job.hidden_inputs.url).status_code == 410


def test_it_cannot_report_a_score(pipeline: Pipeline, evaluation: Evaluation) -> None:
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    token = pipeline.claim_score(evaluation).report_token
    path = f"evaluations/{evaluation.pk}/report"
    assert post(path, score_report(token)).status_code == 403
    evaluation.refresh_from_db()
    assert evaluation.status == Status.SCORING
    assert post(path, score_report(token), secret=SCORE_SECRET).status_code == 204


def test_it_cannot_report_for_another_evaluation(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    other = queued_submission().evaluations.get()
    own, victim = pipeline.claim_predict(evaluation), pipeline.claim_predict(other)
    failure = {"attempt": 1, "report_token": own.report_token, "failure": "crashed"}
    assert post(f"evaluations/{other.pk}/report", failure).status_code == 410
    other.refresh_from_db()
    assert other.status == Status.PREDICTING
    failure["report_token"] = victim.report_token
    assert post(f"evaluations/{other.pk}/report", failure).status_code == 204


def test_it_cannot_store_predictions_for_another_evaluation(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    other = queued_submission().evaluations.get()
    own, victim = pipeline.claim_predict(evaluation), pipeline.claim_predict(other)

    def store(token: str) -> int:
        answer = Client().put(
            f"{WORKER}/evaluations/{other.pk}/blob",
            data=b"forged",
            content_type="application/octet-stream",
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code

    assert store(own.report_token) == 410
    assert store(PREDICT_SECRET) == 410
    assert store(victim.report_token) == 200


def test_it_cannot_keep_another_workers_lease_alive(
    pipeline: Pipeline, evaluation: Evaluation
) -> None:
    job = pipeline.claim_predict(evaluation)
    beat = {"attempt": 1, "report_token": "x" * 43, "stage": Stage.HIDDEN.value}
    path = f"evaluations/{evaluation.pk}/heartbeat"
    assert post(path, beat).json()["proceed"] is False
    beat["report_token"] = job.report_token
    assert post(path, beat).json()["proceed"] is True


def test_it_cannot_pose_as_a_score_worker(pipeline: Pipeline) -> None:
    told = {"worker": "thief", "role": "score", "profile": "cpu", "slots": 1}
    assert post("presence", told).status_code == 403
    assert post("presence", told, secret=SCORE_SECRET).status_code == 204


@pytest.mark.parametrize(
    "path",
    ["/api/v1/me", "/api/v1/competitions/tiny/submissions", f"/api/v1/artifacts/{UUID(int=7)}"],
)
def test_its_key_opens_nothing_of_the_participants(pipeline: Pipeline, path: str) -> None:
    answer = Client().get(path, headers={"Authorization": f"Bearer {PREDICT_SECRET}"})
    assert answer.status_code == 401
