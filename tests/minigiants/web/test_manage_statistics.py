"""What hosts see of a competition as a whole."""

import csv
import io
from datetime import UTC, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from minigiants.competitions.models import Host
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.statistics import competition_statistics
from tests.support.factories import UserFactory
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


def test_days_failures_and_waits(submission: Submission) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    Submission.objects.filter(pk=submission.pk).update(created_at=yesterday)
    (evaluation,) = Evaluation.objects.filter(submission=submission)
    for seconds, failure in ((1, ""), (2, "out_of_memory"), (9, "out_of_memory")):
        Evaluation.objects.create(
            submission=submission,
            pack_version=evaluation.pack_version,
            profile=evaluation.profile,
            status="scored",
            queued_at=yesterday,
            claimed_at=yesterday + timedelta(seconds=seconds),
            failure=failure,
        )
    Evaluation.objects.filter(pk=evaluation.pk).update(queued_at=yesterday, claimed_at=None)

    told = competition_statistics(competition=submission.competition)

    (day,) = told.days
    assert (day.day, day.submissions, day.scored, day.teams) == (
        yesterday.astimezone(UTC).date(),
        1,
        1,
        1,
    )
    assert day.best == 0.9
    assert [(failure.code, failure.count) for failure in told.failures] == [("out_of_memory", 2)]
    assert (told.waits.evaluations, told.waits.median) == (3, 2.0)
    assert told.waits.p95 == pytest.approx(8.3)


@pytest.mark.parametrize(("metric", "best"), [("accuracy", 0.9), ("log_loss", 0.2)])
def test_the_best_keeps_its_direction_when_nothing_is_published(
    submission: Submission, metric: str, best: float
) -> None:
    other = queued_submission(competition=submission.competition)
    Submission.objects.filter(pk=other.pk).update(public_score=0.2)
    competition = submission.competition
    version = competition.current_version
    assert version is not None
    version.specification["metrics"] = [{"name": metric, "title": metric}]
    version.save()
    competition.refresh_from_db()
    competition.current_version = None
    competition.save()
    (day,) = competition_statistics(competition=competition).days
    assert day.best == best


def test_baselines_do_not_count(submission: Submission) -> None:
    submission.team.is_baseline = True
    submission.team.save()
    told = competition_statistics(competition=submission.competition)
    assert (list(told.days), told.waits.evaluations) == ([], 0)


def test_the_page_and_its_downloads(client: Client, submission: Submission) -> None:
    base = f"/competitions/{submission.competition.slug}/manage/statistics/"
    page = client.get(base).text
    assert page.count("<svg") >= 2
    assert "Submissions: 1 in all, at most 1 a day, some on 1 of 1 days" in page
    (row,) = csv.DictReader(io.StringIO(client.get(f"{base}?format=csv").text))
    assert (row["submissions"], row["scored"], row["best"]) == ("1", "1", "0.9")
    told = client.get(f"{base}?format=json").json()
    assert told["days"][0]["teams"] == 1
    slug = submission.competition.slug
    assert client.get(f"/api/v1/host/competitions/{slug}/statistics").json() == told


def test_three_queries_however_many_submissions(
    submission: Submission, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    _ = submission.competition.current_version
    with django_assert_num_queries(3):  # type: ignore[operator]
        competition_statistics(competition=submission.competition)
