"""What hosts want to know of a competition as a whole: days, scores, failures, and waiting."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Final

from django.db import connection
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import TruncDate

from minigiants.competitions.models import Competition
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import latest_version
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Submission
from minigiants.submissions.services import REFUSED_CODE
from minigiants.teams.models import Team

MOST_DAYS: Final = 366
"""How many days back are told."""

# A wait ends when a worker first takes the evaluation; a lost worker's second try is no new wait.
# Scoring again from stored predictions waits for nobody, and leaves no such change.
_WAITS: Final = """
    SELECT day, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds),
           percentile_cont(0.95) WITHIN GROUP (ORDER BY seconds)
    FROM (
        SELECT (evaluation.queued_at AT TIME ZONE 'UTC')::date AS day,
               extract(epoch FROM min(taken.at) - evaluation.queued_at) AS seconds
        FROM submissions_evaluation evaluation
        JOIN submissions_submission submission ON submission.id = evaluation.submission_id
        JOIN teams_team team ON team.id = submission.team_id
        JOIN submissions_statechange taken
          ON taken.evaluation_id = evaluation.id AND taken.status = 'predicting'
        WHERE submission.competition_id = %s AND NOT team.is_baseline
        GROUP BY evaluation.id
    ) waits
    GROUP BY GROUPING SETS ((day), ())
"""


@dataclass(frozen=True)
class Waits:
    """How long evaluations waited for a worker, in seconds; None where none was taken."""

    evaluations: int = 0
    median: float | None = None
    p95: float | None = None


@dataclass(frozen=True)
class Day:
    """A day in UTC. `best` is the best public score of the competition until its end, and
    `best_by_division` that of each division; `waits` are those of what was queued on it.
    """

    day: date
    submissions: int
    scored: int
    teams: int
    joined: int
    waits: Waits
    best: float | None
    best_by_division: Mapping[str, float | None]


@dataclass(frozen=True)
class FailureCount:
    """How often submissions came to nothing for one reason."""

    code: str
    count: int


@dataclass(frozen=True)
class CompetitionStatistics:
    """All of it. Baselines count nowhere; days on which nothing happened are left out."""

    days: Sequence[Day]
    failures: Sequence[FailureCount]
    waits: Waits


@dataclass(frozen=True)
class _HandedIn:
    submissions: int = 0
    scored: int = 0
    teams: int = 0


def competition_statistics(*, competition: Competition) -> CompetitionStatistics:
    """The statistics of a competition, published or not, in six queries beside the version's."""
    spec = latest_version(competition).spec
    daily, waits = _waits(competition)
    return CompetitionStatistics(
        days=_days(competition, spec, daily), failures=_failures(competition), waits=waits
    )


def _days(competition: Competition, spec: PackSpec, waits: Mapping[date, Waits]) -> list[Day]:
    handed_in, joined = _handed_in(competition), _joined(competition)
    bettered = _bests(competition, spec)
    choose = max if spec.ranking_metric.higher_is_better else min
    divisions = [division.slug for division in spec.divisions]
    bests: dict[str, float | None] = dict.fromkeys(divisions)
    days = []
    for day in sorted({*handed_in, *joined, *waits}):
        scores = bettered.get(day, {})
        for position, division in enumerate(divisions):
            entering = divisions[: position + 1] if spec.wider_divisions else [division]
            rivals = [bests[division], *(scores.get(slug) for slug in entering)]
            bests[division] = choose((score for score in rivals if score is not None), default=None)
        found = [score for score in bests.values() if score is not None]
        counts = handed_in.get(day, _HandedIn())
        days.append(
            Day(
                day=day,
                submissions=counts.submissions,
                scored=counts.scored,
                teams=counts.teams,
                joined=joined.get(day, 0),
                waits=waits.get(day, Waits()),
                best=choose(found, default=None),
                best_by_division=dict(bests),
            )
        )
    return days[-MOST_DAYS:]


def _handed_in(competition: Competition) -> dict[date, _HandedIn]:
    rows = (
        Submission.objects.filter(competition=competition, team__is_baseline=False)
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day")
        .annotate(
            submissions=Count("pk"),
            scored=Count("pk", filter=Q(status=Status.SCORED)),
            teams=Count("team", distinct=True),
        )
        .order_by()
    )
    return {day: _HandedIn(*counts) for day, *counts in rows}


def _joined(competition: Competition) -> dict[date, int]:
    """How many teams were founded, by day; those that became part of another since, too."""
    rows = (
        Team.objects.filter(competition=competition, is_baseline=False)
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day")
        .annotate(Count("pk"))
        .order_by()
    )
    return dict(rows)


def _bests(competition: Competition, spec: PackSpec) -> Mapping[date, Mapping[str, float]]:
    """The best public score of what was handed in on a day and ranks, by day and division."""
    best = Max if spec.ranking_metric.higher_is_better else Min
    rows = (
        Submission.objects.filter(
            competition=competition,
            team__is_baseline=False,
            team__disqualified_at__isnull=True,
            disqualified_at__isnull=True,
            is_late=False,
            public_score__isnull=False,
        )
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values_list("day", "division__slug")
        .annotate(best("public_score"))
        .order_by()
    )
    found: defaultdict[date, dict[str, float]] = defaultdict(dict)
    for day, division, score in rows:
        found[day][division] = score
    return found


def _failures(competition: Competition) -> list[FailureCount]:
    theirs = Submission.objects.filter(competition=competition, team__is_baseline=False)
    rows = (
        Evaluation.objects.filter(submission__in=theirs)
        .exclude(failure="")
        .values_list("failure")
        .annotate(Count("pk"))
        .order_by()
    )
    counts = {**dict(rows), REFUSED_CODE: theirs.filter(status=Status.REJECTED).count()}
    found = [FailureCount(code, count) for code, count in counts.items() if count]
    return sorted(found, key=lambda each: (-each.count, each.code))


def _waits(competition: Competition) -> tuple[Mapping[date, Waits], Waits]:
    """Those of each day, and those of all."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITS, [competition.pk])
        found = {
            day: Waits(evaluations, _seconds(median), _seconds(p95))
            for day, evaluations, median, p95 in cursor.fetchall()
        }
    total = found.pop(None)
    return found, total


def _seconds(waited: float | None) -> float | None:
    return None if waited is None else round(float(waited), 3)
