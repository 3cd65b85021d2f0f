"""Whose turn it is, and how work reaches the queues."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import Celery
from django.conf import settings
from django.utils import timezone
from redis import Redis

from evaluator.contract import Failure
from minigiants.competitions.models import Competition
from minigiants.submissions.dispatch import Carrier, dispatch
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.queue import next_entries, queue_position
from minigiants.submissions.reaper import dispatches_reap
from minigiants.teams.models import Team
from tests.support.factories import ArtifactFactory, SubmissionFactory, TeamFactory
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db

QUEUES = ("predict.cpu", "score")


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    redis = Redis.from_url(settings.BROKER_URL)
    redis.delete(*QUEUES)
    with Celery("test", broker=settings.BROKER_URL) as celery:
        yield Carrier(celery=celery, redis=redis)
    redis.delete(*QUEUES)
    redis.close()


def taken(carrier: Carrier, queue: str = "predict.cpu") -> tuple[str, int] | None:
    """Take a message off the queue, as a worker would."""
    raw = carrier.redis.rpop(queue)
    if raw is None:
        return None
    assert isinstance(raw, bytes)
    message = json.loads(raw)
    (evaluation_id, attempt), _, _ = json.loads(base64.b64decode(message["body"]))
    return evaluation_id, attempt


def hand_in(team: Team, count: int) -> list[Submission]:
    return [SubmissionFactory(artifact=ArtifactFactory(team=team)) for _ in range(count)]


def served(carrier: Carrier, count: int) -> list[Evaluation]:
    """The first `count` evaluations in the order in which a busy worker gets them."""
    order = []
    for _ in range(count):
        dispatch(carrier)
        message = taken(carrier)
        assert message is not None
        order.append(Evaluation.objects.select_related("submission__team").get(pk=message[0]))
    return order


def test_a_message_carries_id_and_attempt_and_nothing_else(carrier: Carrier) -> None:
    evaluation = queued_submission().evaluations.get()
    assert dispatch(carrier) == 1
    assert taken(carrier) == (str(evaluation.pk), 1)


def test_no_more_is_sent_than_workers_take(carrier: Carrier) -> None:
    competition = runnable_competition()
    for _ in range(5):
        queued_submission(competition)
    assert dispatch(carrier) == settings.DISPATCH_BUFFER
    assert dispatch(carrier) == 0
    taken(carrier)
    assert dispatch(carrier) == 1


def test_what_is_on_its_way_is_not_sent_twice(carrier: Carrier) -> None:
    queued_submission()
    assert dispatch(carrier) == 1
    taken(carrier)
    assert dispatch(carrier) == 0


def test_competitions_take_turns(carrier: Carrier) -> None:
    busy, quiet = runnable_competition(), runnable_competition()
    for _ in range(6):
        queued_submission(busy)
    for _ in range(2):
        queued_submission(quiet)
    order = [entry.handed_in.competition_id for entry in served(carrier, 4)]
    assert Counter(order) == {busy.pk: 2, quiet.pk: 2}


def test_teams_of_a_competition_take_turns(carrier: Carrier) -> None:
    competition: Competition = runnable_competition()
    eager, other = TeamFactory(competition=competition), TeamFactory(competition=competition)
    hand_in(eager, 5)
    late = hand_in(other, 2)
    order = served(carrier, 4)
    assert Counter(entry.handed_in.team_id for entry in order) == {eager.pk: 2, other.pk: 2}
    assert {entry.submission_id for entry in order} >= {submission.pk for submission in late}


def test_within_a_team_first_come_first_served(carrier: Carrier) -> None:
    team = TeamFactory(competition=runnable_competition())
    submissions = hand_in(team, 4)
    order = served(carrier, 4)
    assert [entry.submission_id for entry in order] == [each.pk for each in submissions]


def test_positions_are_those_in_which_work_is_handed_out(carrier: Carrier) -> None:
    for _ in range(2):
        competition = runnable_competition()
        for _ in range(2):
            hand_in(TeamFactory(competition=competition), 2)
    expected = [entry.evaluation_id for entry in next_entries(profile="cpu", limit=100)]
    assert [queue_position(profile="cpu", evaluation_id=pk) for pk in expected] == list(range(1, 9))
    assert [entry.pk for entry in served(carrier, 8)] == expected


def test_other_profiles_are_other_queues(carrier: Carrier) -> None:
    evaluation = queued_submission().evaluations.get()
    Evaluation.objects.filter(pk=evaluation.pk).update(profile="gpu")
    dispatch(carrier)
    assert taken(carrier) is None
    assert taken(carrier, "predict.gpu") == (str(evaluation.pk), 1)


def test_scoring_goes_to_its_own_queue(carrier: Carrier) -> None:
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    pipeline.report_predictions(pipeline.claim_predict(evaluation))
    assert dispatch(carrier) == 1
    assert taken(carrier) is None
    assert taken(carrier, "score") == (str(evaluation.pk), 1)


def test_what_pauses_is_passed_by_and_sent_when_it_is_due(carrier: Carrier) -> None:
    """A fault of ours in predicting, and one in scoring."""
    pipeline = Pipeline.start()
    competition = runnable_competition()
    first, second, third = (queued_submission(competition).evaluations.get() for _ in range(3))
    pipeline.report_failure(pipeline.claim_predict(first), Failure.WORKER_FAULT)
    pipeline.report_predictions(pipeline.claim_predict(second))
    pipeline.report_failure(pipeline.claim_score(second), Failure.WORKER_FAULT)
    assert queue_position(profile="cpu", evaluation_id=first.pk) is None
    assert queue_position(profile="cpu", evaluation_id=third.pk) == 1
    assert dispatch(carrier) == 1
    assert taken(carrier) == (str(third.pk), 1)
    assert dispatch(carrier) == 0

    Evaluation.objects.filter(retry_at__isnull=False).update(retry_at=timezone.now())
    assert dispatch(carrier) == 2
    assert taken(carrier) == (str(first.pk), 2)
    assert taken(carrier, "score") == (str(second.pk), 2)
    assert pipeline.claim_predict(first, attempt=2).attempt == 2
    first.refresh_from_db()
    assert first.retry_at is None


def test_an_emptied_redis_loses_nothing(carrier: Carrier) -> None:
    evaluation = queued_submission().evaluations.get()
    dispatch(carrier)
    carrier.redis.delete("predict.cpu")
    Evaluation.objects.update(dispatched_at=timezone.now() - timedelta(minutes=2))
    dispatches_reap()
    dispatch(carrier)
    assert taken(carrier) == (str(evaluation.pk), 1)
