"""What the Ladder holds back is told by no channel: page, API, mail or webhook."""

import json

import numpy as np
import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from minigiants.competitions.models import Competition
from minigiants.leaderboards.board_statistics import statistics_ask, statistics_compute
from minigiants.leaderboards.evidence import divisions_waiting, evidence_compare
from minigiants.notifications.models import Delivery
from minigiants.notifications.selectors import Subject
from minigiants.notifications.services import outbox_deliver
from minigiants.notifications.webhooks import webhook_create
from minigiants.submissions.comparisons import comparisons_of
from minigiants.submissions.models import Submission
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.selectors import submission_whole
from minigiants.teams.models import Team
from tests.support.evidence import losses_file, wrong_of
from tests.support.factories import (
    ArtifactFactory,
    SubmissionFactory,
    TeamFactory,
    member_of,
    pack_spec,
)
from tests.support.pipeline import Pipeline, runnable_competition
from tests.support.webhook_receiver import ALLOW_LOOPBACK, closed_port

pytestmark = pytest.mark.django_db

RELEASED, HELD_BACK = 0.8333, 0.61237
TOLD = "0.61"


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


def ladder_competition() -> Competition:
    return runnable_competition(spec=pack_spec(release={"rule": "ladder"}))


def hand_in(team: Team) -> Submission:
    submission: Submission = SubmissionFactory(artifact=ArtifactFactory(team=team))
    submission.submitted_by.wants_result_mail = True
    submission.submitted_by.save()
    return submission


def settle() -> None:
    """All that is done off the request path."""
    for division in divisions_waiting():
        evidence_compare(division_id=division)
    for board in statistics_ask():
        statistics_compute(board_id=board)
    outbox_deliver()


def test_a_score_that_is_held_back_is_told_nowhere(pipeline: Pipeline, settings: Settings) -> None:
    competition = ladder_competition()
    team = TeamFactory(competition=competition)
    better = np.zeros(300)
    better[:50] = 1
    settings.WEBHOOK_NETWORKS = ALLOW_LOOPBACK
    webhook_create(
        user=member_of(team), subject=Subject(team=team), url=f"http://127.0.0.1:{closed_port()}/"
    )
    first, second = hand_in(team), hand_in(team)
    pipeline.run(first, public=RELEASED, losses=losses_file(better))
    pipeline.run(second, public=HELD_BACK, losses=losses_file(wrong_of(1, 0.4, examples=300)))
    settle()
    second.refresh_from_db()
    assert second.public_score == pytest.approx(250 / 300, abs=1e-3)
    view = submission_view(submission_whole(submission_id=second.pk))
    assert view.is_held_back
    assert view.against_best is None
    assert [score.metric for score in view.scores] == ["accuracy"]
    client = Client()
    client.force_login(member_of(team))
    slug = competition.slug
    pages = [
        f"/submissions/{second.pk}/",
        f"/submissions/{second.pk}/live/",
        f"/competitions/{slug}/submissions/",
        f"/competitions/{slug}/leaderboard/",
        f"/competitions/{slug}/records/",
        f"/api/v1/submissions/{second.pk}",
        f"/api/v1/competitions/{slug}/submissions",
        f"/competitions/{slug}/leaderboard/pareto/",
        f"/competitions/{slug}/leaderboard/history/",
        f"/api/v1/competitions/{slug}/leaderboard",
        f"/api/v1/competitions/{slug}/leaderboard?format=csv",
        f"/api/v1/competitions/{slug}/leaderboard/pareto",
        f"/api/v1/competitions/{slug}/leaderboard/pareto?format=csv",
        f"/api/v1/competitions/{slug}/leaderboard/history",
        f"/api/v1/competitions/{slug}/records",
    ]
    for page in pages:
        response = client.get(page, HTTP_HOST="localhost")
        assert response.status_code == 200, page
        body = b"".join(response) if response.streaming else response.content
        text = body.decode()
        assert TOLD not in text, page
        assert "0.833" in text, page
    assert len(mail.outbox) == 2
    assert all(TOLD not in f"{message.subject}{message.body}" for message in mail.outbox)
    bodies = [delivery.body for delivery in Delivery.objects.all()]
    assert sum("0.833" in body for body in bodies) == 2
    assert not any(TOLD in body for body in bodies)


def test_two_that_are_held_back_look_the_same(pipeline: Pipeline) -> None:
    told = []
    for rate, score in ((0.4, 0.6), (0.2, 0.8)):
        team = TeamFactory(competition=ladder_competition())
        better = np.zeros(300)
        better[:50] = 1
        pipeline.run(hand_in(team), public=RELEASED, losses=losses_file(better))
        second = hand_in(team)
        losses = losses_file(wrong_of(1, rate, examples=300))
        pipeline.run(second, public=score, losses=losses)
        settle()
        client = Client()
        client.force_login(member_of(team))
        answer = json.loads(client.get(f"/api/v1/submissions/{second.pk}").content)
        told.append({name: answer[name] for name in ("score", "scores", "rank", "is_held_back")})
        board = json.loads(
            client.get(f"/api/v1/competitions/{team.competition.slug}/leaderboard").content
        )
        told[-1]["rows"] = [
            {name: row[name] for name in ("rank", "score", "entries")}
            for row in board["boards"][0]["rows"]
        ]
    assert told[0] == told[1]


def test_without_the_ladder_a_submission_is_compared_with_the_best(pipeline: Pipeline) -> None:
    team = TeamFactory(competition=runnable_competition())
    first, second = hand_in(team), hand_in(team)
    pipeline.run(first, public=0.7, losses=losses_file(wrong_of(1, 0.3)))
    pipeline.run(second, public=0.9, losses=losses_file(wrong_of(2, 0.1)))
    settle()
    view = submission_view(submission_whole(submission_id=second.pk))
    assert view.against_best is not None
    assert (view.against_best.verdict, view.against_best.best_submission) == ("better", first.pk)
    assert "exact McNemar test, 400 examples" in view.against_best.shown
    client = Client()
    client.force_login(member_of(team))
    assert "Better than your best before" in client.get(f"/submissions/{second.pk}/").text
    answer = json.loads(client.get(f"/api/v1/submissions/{second.pk}").content)
    assert answer["against_best"]["verdict"] == "better"
    assert answer["against_best"]["difference"] == pytest.approx(
        wrong_of(2, 0.1).mean() - wrong_of(1, 0.3).mean()
    )


def test_comparisons_of_many_take_one_query(
    pipeline: Pipeline, django_assert_num_queries: object
) -> None:
    team = TeamFactory(competition=runnable_competition())
    both = [hand_in(team), hand_in(team)]
    for each in both:
        pipeline.run(each, public=0.7, losses=losses_file(wrong_of(1, 0.3)))
    settle()
    wholes = [submission_whole(submission_id=each.pk) for each in both]
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(comparisons_of(wholes).against_best) == 1
