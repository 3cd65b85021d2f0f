"""An organizer's metric on its way: who gets the code, and who is told of its failures."""

import io
from typing import Any

import pytest

from evaluator.contract import Failure, PredictReport, ScoreReport
from minigiants.competitions.models import Competition, Host, PackFile
from minigiants.competitions.selectors import current_version
from minigiants.core.models import OutboxEvent
from minigiants.core.problems import NotFound
from minigiants.submissions.blobs import blob_granted, result_store
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.reports import (
    SCORING_FAILED_EVENT,
    predict_report_record,
    score_report_record,
)
from minigiants.submissions.selectors import submission_whole
from tests.support.factories import CompetitionFactory, UserFactory, pack_spec, stored_blob
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

CODE = b"def score(solution, submission, row_id_column_name): return 1.0\n"


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def competition() -> Competition:
    """A competition that takes results, and scores them by its own metric."""
    spec = pack_spec(
        task={"type": "custom", "settings": {}},
        metric={"file": "metric.py", "time_seconds": 9},
        metrics=[{"name": "custom", "title": "Cost", "better": "lower"}],
        formats=["predictions"],
        data={"public": ["train.csv"], "labels": "solution.csv"},
    )
    competition: Competition = CompetitionFactory(spec=spec)
    for role, path, content in (
        (PackFile.Role.LABELS, "solution.csv", b"id,usage\na,Public\nb,Private\n"),
        (PackFile.Role.METRIC_CODE, "metric.py", CODE),
    ):
        blob = stored_blob(content)
        PackFile.objects.create(
            version=current_version(competition),
            role=role,
            path=path,
            digest=blob.digest,
            size=blob.size,
        )
    return competition


@pytest.fixture
def submission(competition: Competition) -> Submission:
    return queued_submission(competition, format="predictions")


def predicted(pipeline: Pipeline, evaluation: Evaluation) -> None:
    """The predict worker's part: the file is passed on."""
    job = pipeline.claim_predict(evaluation)
    stored = result_store(
        evaluation_id=job.evaluation, token=job.report_token, body=io.BytesIO(b"id\na\nb\n")
    )
    report = PredictReport(attempt=1, report_token=job.report_token, predictions=stored)
    predict_report_record(evaluation_id=job.evaluation, report=report)


def score_fails(pipeline: Pipeline, submission: Submission, **fields: Any) -> Submission:
    """The score worker's part: it reports a failure."""
    evaluation = submission.evaluations.get()
    predicted(pipeline, evaluation)
    job = pipeline.claim_score(evaluation)
    report = ScoreReport(attempt=1, report_token=job.report_token, **fields)
    score_report_record(evaluation_id=job.evaluation, report=report)
    return submission_whole(submission_id=submission.pk)


def test_score_workers_alone_are_given_the_code(pipeline: Pipeline, submission: Submission) -> None:
    evaluation = submission.evaluations.get()
    code = PackFile.objects.get(role=PackFile.Role.METRIC_CODE)
    predict = pipeline.claim_predict(evaluation)
    assert (predict.smoke_inputs, predict.hidden_inputs) == (None, None)
    assert code.digest not in predict.model_dump_json()
    # Nor does an address that was signed for a predict job open it, whatever is written into it.
    address = predict.artifact[0].url.rsplit("/", 1)[1]
    granted = blob_granted(token=address)
    assert granted.digest == predict.artifact[0].digest != code.digest
    with pytest.raises(NotFound):
        blob_granted(token=address.replace(granted.digest, code.digest) + "x")
    stored = result_store(
        evaluation_id=predict.evaluation,
        token=predict.report_token,
        body=io.BytesIO(b"id\na\nb\n"),
    )
    predict_report_record(
        evaluation_id=predict.evaluation,
        report=PredictReport(attempt=1, report_token=predict.report_token, predictions=stored),
    )
    score = pipeline.claim_score(evaluation)
    assert score.metric_code is not None
    assert (score.metric_code.path, score.metric_code.digest) == ("metric.py", code.digest)
    assert blob_granted(token=score.metric_code.url.rsplit("/", 1)[1]).digest == code.digest
    assert score.metric_limits.time_seconds == 9
    assert score.predictions.path == "predictions.csv"
    assert [metric.name for metric in score.metrics] == ["custom"]


def test_what_is_wrong_with_a_file_is_told_to_its_team(
    pipeline: Pipeline, submission: Submission
) -> None:
    failed = score_fails(
        pipeline,
        submission,
        failure=Failure.INVALID_PREDICTIONS,
        failure_detail="for hosts",
        participant_detail="Line 3: the id 'x' is not asked for.",
    )
    view = submission_view(failed)
    assert view.error is not None
    assert view.error.why == "Line 3: the id 'x' is not asked for."
    assert "for hosts" not in str(view)
    assert not failed.quota_charged
    assert failed.failure_charged
    assert not OutboxEvent.objects.filter(kind=SCORING_FAILED_EVENT).exists()


def test_a_metric_that_fails_costs_nothing_and_tells_its_hosts_once_in_a_while(
    pipeline: Pipeline, competition: Competition, submission: Submission
) -> None:
    Host.objects.create(competition=competition, user=UserFactory(), role=Host.Role.OWNER)
    fault = {
        "failure": Failure.SCORING_FAILED,
        "failure_detail": "metric.py raised KeyError",
        "host_log": "Traceback of metric.py",
    }
    failed = score_fails(pipeline, submission, **fault)
    assert (failed.quota_charged, failed.failure_charged) == (False, False)
    assert failed.evaluations.get().host_log == "Traceback of metric.py"
    view = submission_view(failed)
    assert view.error is not None
    assert "KeyError" not in str(view)
    score_fails(pipeline, queued_submission(competition, format="predictions"), **fault)
    assert OutboxEvent.objects.filter(kind=SCORING_FAILED_EVENT).count() == 1
