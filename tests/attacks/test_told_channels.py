"""What a hidden run wrote reaches nobody but hosts, by whichever channel somebody asks.

The report of a worker brings it in every field that a model can influence; then each channel is
read as a participant reads it. What the smoke run wrote does arrive: that is the control.
"""

import json
from collections.abc import Callable
from html import unescape

import httpx
import pytest
from django.core import mail
from django.test import Client
from typer.testing import CliRunner

from client.cli import app
from evaluator.contract import Failure, Heartbeat, Measurements, PredictReport, Stage, Strength
from minigiants.accounts.services import token_create
from minigiants.core.models import OutboxEvent
from minigiants.notifications.services import outbox_deliver
from minigiants.submissions.claims import evaluation_heartbeat
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.submissions.reports import predict_report_record
from tests.support.asgi_server import AsgiServer
from tests.support.factories import member_of
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "7319428"
"""Digits that stand in the hidden inputs alone, too many to stand in a random name by chance."""

SMOKE = "the smoke run on public data"

WHY = "The model failed on the hidden inputs, after it had passed the smoke run."
"""The platform's own sentence, which a failure does tell."""


@pytest.fixture(params=["failed", "scored"])
def submission(request: pytest.FixtureRequest, asgi_server: AsgiServer) -> Submission:
    """One whose hidden run said the canary wherever it could."""
    submission = queued_submission()
    person = submission.submitted_by
    person.wants_result_mail = True
    person.save()
    pipeline = Pipeline.start()
    job = pipeline.claim_predict(submission.evaluations.get())
    evaluation_heartbeat(
        evaluation_id=job.evaluation,
        heartbeat=Heartbeat(attempt=1, report_token=job.report_token, stage=Stage.HIDDEN),
    )
    failed = request.param == "failed"
    report = PredictReport(
        attempt=job.attempt,
        report_token=job.report_token,
        failure=Failure.CRASHED if failed else None,
        failed_stage=Stage.HIDDEN if failed else None,
        failure_detail=f"Error{CANARY}: {CANARY}",
        predictions=None if failed else pipeline.store(job, CANARY.encode()),
        measurements=Measurements(
            sandbox=Strength.DOCKER,
            hidden_seconds=0.007319428,
            examples=7_319_428,
            latency_seconds=0.007319428,
            throughput=7_319_428.5,
            peak_memory_bytes=73_194_280,
            gpu_peak_memory_bytes=73_194_270,
            cpu_seconds=0.7319428,
        ),
        smoke_log=SMOKE,
        host_log=f"hidden: {CANARY}",
    )
    predict_report_record(evaluation_id=job.evaluation, report=report)
    if not failed:
        pipeline.report_scores(pipeline.claim_score(submission.evaluations.get()))
    submission.refresh_from_db()
    return submission


@pytest.fixture
def token(submission: Submission) -> str:
    return token_create(
        user=member_of(submission.team), name="test", scopes=["read", "submit"], days=1
    )[1]


@pytest.fixture
def api(submission: Submission, asgi_server: AsgiServer, token: str) -> Callable[[str], str]:
    """Reads an address of the API to its end, headers included."""

    def read(path: str) -> str:
        answer = httpx.get(
            f"{asgi_server.url}/api/v1/{path}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        ).raise_for_status()
        headers = {k: v for k, v in answer.headers.items() if k not in ("etag", "date")}
        return f"{headers}\n{answer.text}"

    return read


def test_the_api(submission: Submission, api: Callable[[str], str]) -> None:
    told = api(f"submissions/{submission.pk}")
    listed = api(f"competitions/{submission.competition.slug}/submissions")

    assert '"has_log": true' in told or '"has_log":true' in told
    for text in (told, listed):
        assert CANARY not in text
        assert (WHY in text) is (submission.status == "failed")


def test_the_stream_of_events(submission: Submission, api: Callable[[str], str]) -> None:
    told = api(f"submissions/{submission.pk}/events")

    assert f'"status":"{submission.evaluations.get().status}"' in told
    assert CANARY not in told


def test_the_log(submission: Submission, api: Callable[[str], str]) -> None:
    told = api(f"submissions/{submission.pk}/log")

    assert told.endswith(SMOKE)
    assert CANARY not in told


@pytest.mark.parametrize("page", ["", "live/"])
def test_the_page(submission: Submission, page: str) -> None:
    browser = Client()
    browser.force_login(member_of(submission.team))
    answer = browser.get(f"/submissions/{submission.pk}/{page}")

    assert answer.status_code == 200
    assert CANARY not in answer.content.decode()
    assert (WHY in unescape(answer.content.decode())) is (submission.status == "failed")
    if not page:
        assert SMOKE in answer.content.decode()


def test_the_command_line(
    submission: Submission, asgi_server: AsgiServer, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIGIANTS_URL", asgi_server.url)
    monkeypatch.setenv("MINIGIANTS_TOKEN", token)
    told = CliRunner().invoke(app, ["status", str(submission.pk), "--log"]).output

    assert SMOKE in told
    assert (WHY in " ".join(told.split())) is (submission.status == "failed")
    assert CANARY not in told


def test_mails_and_what_webhooks_are_made_from(submission: Submission) -> None:
    outbox_deliver()

    (sent,) = mail.outbox
    assert CANARY not in f"{sent.subject}\n{sent.body}"
    payloads = [event.payload for event in OutboxEvent.objects.all()]
    assert len(payloads) > 1
    for payload in payloads:
        assert payload.keys() <= {"submission", "status", "code"}
        assert CANARY not in json.dumps(payload)
    for change in StateChange.objects.filter(submission=submission):
        assert CANARY not in f"{change.status} {change.code} {change.reason}"


def test_hosts_are_told(submission: Submission) -> None:
    """The control of all: the canary did arrive at the platform."""
    evaluation = Evaluation.objects.get(submission=submission)

    assert evaluation.host_log == f"hidden: {CANARY}"
    assert evaluation.measurements["throughput"] == 7_319_428.5
