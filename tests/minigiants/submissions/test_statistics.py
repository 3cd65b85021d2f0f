"""What hosts are told of a competition as a whole."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evaluator.contract import Failure
from minigiants.competitions.models import Competition
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, StateChange, Submission
from minigiants.submissions.statistics import MOST_DAYS, competition_statistics
from minigiants.teams.models import Team
from tests.support.factories import CompetitionFactory, pack_spec
from tests.support.pipeline import Pipeline, queued_submission, runnable_competition

pytestmark = pytest.mark.django_db

TODAY = timezone.now().astimezone(UTC).date()


@pytest.fixture
def competition() -> Competition:
    return runnable_competition()


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.start()


@pytest.fixture
def submissions(competition: Competition) -> Iterator[Submission]:
    """Submissions without end, each of a new team."""
    return iter(lambda: queued_submission(competition=competition), None)


def _noon(days_ago: int) -> datetime:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(12), UTC)


def _scored(
    submission: Submission,
    score: float,
    *,
    days_ago: int,
    division: str = "nano",
    **changes: object,
) -> Submission:
    division_row = submission.competition.divisions.get(slug=division)
    Submission.objects.filter(pk=submission.pk).update(
        status=Status.SCORED,
        public_score=score,
        created_at=_noon(days_ago),
        division=division_row,
        **changes,
    )
    return submission


def _bests(competition: Competition) -> dict[date, dict[str, float | None]]:
    days = competition_statistics(competition=competition).days
    return {day.day: dict(day.best_by_division) for day in days if day.submissions}


def test_days_count_submissions_and_the_teams_that_handed_in_or_were_founded(
    competition: Competition, submissions: Iterator[Submission]
) -> None:
    first, second = (_scored(next(submissions), 0.5, days_ago=2) for _ in range(2))
    Submission.objects.filter(pk=second.pk).update(status=Status.FAILED, public_score=None)
    Team.objects.filter(pk__in=[first.team_id, second.team_id]).update(created_at=_noon(4))
    days = competition_statistics(competition=competition).days
    counted = [(day.day, day.submissions, day.scored, day.teams, day.joined) for day in days]
    assert counted[:2] == [
        (TODAY - timedelta(days=4), 0, 0, 0, 2),
        (TODAY - timedelta(days=2), 2, 1, 2, 0),
    ]


@pytest.mark.parametrize(("metric", "expected"), [("accuracy", 0.9), ("log_loss", 0.2)])
def test_the_best_of_each_division_holds_until_it_is_bettered(metric: str, expected: float) -> None:
    spec = pack_spec(metrics=[{"name": metric, "title": metric}])
    competition = runnable_competition(spec=spec)
    entered = [("nano", 0.5, 5), ("nano", 0.2, 4), ("micro", 0.4, 3), ("nano", 0.9, 2)]
    for division, score, days_ago in entered:
        submission = queued_submission(competition=competition)
        _scored(submission, score, days_ago=days_ago, division=division)
    competition.current_version = None
    competition.save()
    bests = _bests(competition)
    nano = [0.5, 0.5, 0.5, 0.9] if metric == "accuracy" else [0.5, 0.2, 0.2, 0.2]
    assert [best["nano"] for best in bests.values()] == nano
    assert [best["micro"] for best in bests.values()] == [None, None, 0.4, 0.4]
    assert competition_statistics(competition=competition).days[-1].best == expected


def test_tighter_models_count_in_wider_divisions_where_they_enter_them() -> None:
    competition = CompetitionFactory(spec=pack_spec(wider_divisions=True))
    for division, score, days_ago in [("micro", 0.4, 3), ("nano", 0.6, 2), ("micro", 0.8, 1)]:
        _scored(
            queued_submission(competition=competition),
            score,
            days_ago=days_ago,
            division=division,
        )
    assert list(_bests(competition).values()) == [
        {"nano": None, "micro": 0.4},
        {"nano": 0.6, "micro": 0.6},
        {"nano": 0.6, "micro": 0.8},
    ]


def test_what_does_not_rank_betters_nothing(
    competition: Competition, submissions: Iterator[Submission]
) -> None:
    _scored(next(submissions), 0.5, days_ago=3)
    _scored(next(submissions), 0.9, days_ago=2, is_late=True)
    _scored(next(submissions), 0.9, days_ago=2, disqualified_at=timezone.now())
    cheating = _scored(next(submissions), 0.9, days_ago=2)
    Team.objects.filter(pk=cheating.team_id).update(disqualified_at=timezone.now())
    days = competition_statistics(competition=competition).days
    assert {day.best for day in days} == {0.5}


def test_private_scores_are_not_told(
    competition: Competition, submissions: Iterator[Submission], pipeline: Pipeline
) -> None:
    pipeline.run(next(submissions), public=0.25, private=0.987654)
    told = repr(competition_statistics(competition=competition))
    assert "0.25" in told
    assert "0.987654" not in told


def test_failures_tell_runs_and_refusals_apart(
    competition: Competition, submissions: Iterator[Submission], pipeline: Pipeline
) -> None:
    for failure in (Failure.OUT_OF_MEMORY, Failure.TIMED_OUT, Failure.OUT_OF_MEMORY):
        evaluation = next(submissions).evaluations.get()
        pipeline.report_failure(pipeline.claim_predict(evaluation), failure)
    refused = next(submissions)
    refused.evaluations.all().delete()
    Submission.objects.filter(pk=refused.pk).update(status=Status.REJECTED)
    failures = competition_statistics(competition=competition).failures
    assert [(failure.code, failure.count) for failure in failures] == [
        ("out_of_memory", 2),
        ("refused_at_inspection", 1),
        ("timed_out", 1),
    ]


def _taken(submission: Submission, *, queued: datetime, waits: list[float]) -> None:
    """A worker takes the evaluation at the end of each wait, and is lost again but for the last."""
    (evaluation,) = submission.evaluations.all()
    Evaluation.objects.filter(pk=evaluation.pk).update(queued_at=queued)
    for seconds in waits:
        StateChange.objects.create(
            submission=submission,
            evaluation=evaluation,
            status=Status.PREDICTING,
            at=queued + timedelta(seconds=seconds),
        )


def test_waits_of_each_day_and_of_all_end_when_a_worker_first_takes_them(
    competition: Competition, submissions: Iterator[Submission]
) -> None:
    late = datetime.combine(TODAY - timedelta(days=3), time(23, 59, 58), UTC)
    for waited in (1, 2, 9):
        _taken(next(submissions), queued=late, waits=[waited, 900])
    _taken(next(submissions), queued=_noon(1), waits=[4])
    next(submissions)
    told = competition_statistics(competition=competition)
    by_day = {day.day: day.waits for day in told.days if day.waits.evaluations}
    first, last = by_day[TODAY - timedelta(days=3)], by_day[TODAY - timedelta(days=1)]
    assert len(by_day) == 2
    assert (first.evaluations, first.median, first.p95) == (3, 2.0, 8.3)
    assert (last.evaluations, last.median, last.p95) == (1, 4.0, 4.0)
    assert (told.waits.evaluations, told.waits.median, told.waits.p95) == (4, 3.0, 8.25)


def test_the_time_of_a_run_is_no_wait(
    competition: Competition, submissions: Iterator[Submission], pipeline: Pipeline
) -> None:
    submission = next(submissions)
    pipeline.run(submission, public=0.5)
    begun = submission.changes.get(status=Status.PREDICTING).at
    Evaluation.objects.update(queued_at=begun, claimed_at=begun + timedelta(hours=1))
    assert competition_statistics(competition=competition).waits.p95 == 0.0


def test_baselines_do_not_count(
    competition: Competition, submissions: Iterator[Submission], pipeline: Pipeline
) -> None:
    pipeline.run(next(submissions), public=0.5)
    failed = next(submissions)
    pipeline.report_failure(pipeline.claim_predict(failed.evaluations.get()), Failure.OUT_OF_MEMORY)
    Team.objects.update(is_baseline=True)
    told = competition_statistics(competition=competition)
    assert (list(told.days), list(told.failures), told.waits.evaluations) == ([], [], 0)


def test_the_latest_days_are_told(competition: Competition) -> None:
    teams = [Team(competition=competition, name=f"{ago}") for ago in range(MOST_DAYS + 2)]
    Team.objects.bulk_create(teams)
    for ago, team in enumerate(teams):
        team.created_at = _noon(ago)
    Team.objects.bulk_update(teams, ["created_at"])
    told = competition_statistics(competition=competition).days
    assert (len(told), told[-1].day) == (MOST_DAYS, TODAY)


@pytest.mark.parametrize("teams", [1, 4])
def test_six_queries_however_many_submissions(
    competition: Competition,
    pipeline: Pipeline,
    django_assert_num_queries: DjangoAssertNumQueries,
    teams: int,
) -> None:
    for _ in range(teams):
        pipeline.run(queued_submission(competition=competition), public=0.5)
    with django_assert_num_queries(6):
        competition_statistics(competition=competition)
