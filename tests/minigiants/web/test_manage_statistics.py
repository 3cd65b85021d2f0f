"""The page of a competition's statistics, and what can be taken from it."""

import csv
import io
import re

import pytest
from django.test import Client

from evaluator.contract import Failure
from minigiants.competitions.models import Host
from minigiants.submissions.models import Submission, WorkerKey
from tests.support.factories import CompetitionFactory, UserFactory
from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission() -> Submission:
    found = queued_submission()
    Pipeline.start().run(found, public=0.9)
    return Submission.objects.get(pk=found.pk)


@pytest.fixture
def client(submission: Submission) -> Client:
    person = UserFactory.create()
    Host.objects.create(competition=submission.competition, user=person, role="viewer")
    client = Client()
    client.force_login(person)
    return client


def test_the_page_draws_all_of_it(client: Client, submission: Submission) -> None:
    failed = queued_submission(competition=submission.competition)
    pipeline = Pipeline(*WorkerKey.objects.order_by("pk"))
    pipeline.report_failure(pipeline.claim_predict(failed.evaluations.get()), Failure.OUT_OF_MEMORY)
    page = client.get(f"/competitions/{submission.competition.slug}/manage/statistics/").text
    charts = re.findall(r'<svg class="chart"[^>]*aria-labelledby="(\w+)-title', page)
    assert charts == ["submissions", "teams", "joined", "progress", "failures", "waits"]
    assert "Submissions: 2 in all, at most 2 a day, some on 1 of 1 days" in page
    assert "≤ 1k parameters: 1 steps, the last 0.9000 on" in page
    assert "Failures: 1 in all, for 1 reasons. 1 of them: out_of_memory." in page
    assert page.count("The same as a table") == 4
    assert 'href="/docs/errors#out_of_memory"' in page


def test_a_competition_without_submissions_has_a_page(client: Client) -> None:
    host = Host.objects.get()
    other = CompetitionFactory()
    Host.objects.create(competition=other, user=host.user, role="viewer")
    page = client.get(f"/competitions/{other.slug}/manage/statistics/").text
    assert "Nobody has handed in yet" in page
    assert 'class="chart"' not in page


def test_downloads_and_the_api_tell_the_same(client: Client, submission: Submission) -> None:
    slug = submission.competition.slug
    base = f"/competitions/{slug}/manage/statistics/"
    told = client.get(f"{base}?format=json").json()
    assert client.get(f"/api/v1/host/competitions/{slug}/statistics").json() == told
    (day,) = told["days"]
    assert (day["submissions"], day["scored"], day["teams"], day["joined"]) == (1, 1, 1, 1)
    assert day["best_by_division"] == {"nano": 0.9, "micro": None}
    assert day["waits"] == told["waits"]
    (row,) = csv.DictReader(io.StringIO(client.get(f"{base}?format=csv").text))
    assert row == {
        "day": day["day"],
        "submissions": "1",
        "scored": "1",
        "teams": "1",
        "joined": "1",
        "best": "0.9",
        "best_nano": "0.9",
        "best_micro": "",
        "waits": "1",
        "wait_median": str(day["waits"]["median"]),
        "wait_p95": str(day["waits"]["p95"]),
    }


def test_failures_can_be_downloaded(client: Client, submission: Submission) -> None:
    Submission.objects.update(status="rejected")
    base = f"/competitions/{submission.competition.slug}/manage/statistics/"
    answer = client.get(f"{base}?format=csv&of=failures")
    assert answer.text.split() == ["code,count", "refused_at_inspection,1"]
