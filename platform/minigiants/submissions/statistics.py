"""What hosts want to know of a competition as a whole: days, failures, and waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Final

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    Min,
    Q,
)
from django.db.models.functions import TruncDate

from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import latest_version
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Evaluation, Submission

MOST_DAYS: Final = 366
"""How many days back are told."""


@dataclass(frozen=True)
class Day:
    """A day in UTC. `best` is the best public score of the competition until its end."""

    day: date
    submissions: int
    scored: int
    teams: int
    best: float | None


@dataclass(frozen=True)
class FailureCount:
    """How often evaluations ended for one reason."""

    code: str
    count: int


@dataclass(frozen=True)
class Waits:
    """How long evaluations waited for a worker, in seconds; None where none was claimed."""

    evaluations: int
    median: float | None
    p95: float | None


@dataclass(frozen=True)
class CompetitionStatistics:
    """All of it. Baselines count nowhere; days without a submission are left out."""

    days: Sequence[Day]
    failures: Sequence[FailureCount]
    waits: Waits


class _Percentile(Aggregate):
    """PostgreSQL's percentile_cont, of intervals of time."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def competition_statistics(*, competition: Competition) -> CompetitionStatistics:
    """The statistics of a competition, published or not, in three queries beside the version's."""
    return CompetitionStatistics(
        days=_days(competition), failures=_failures(competition), waits=_waits(competition)
    )


def _days(competition: Competition) -> list[Day]:
    higher = latest_version(competition).spec.ranking_metric.higher_is_better
    rows = (
        Submission.objects.filter(competition=competition, team__is_baseline=False)
        .annotate(day=TruncDate("created_at", tzinfo=UTC))
        .values("day")
        .annotate(
            submissions=Count("pk"),
            scored=Count("pk", filter=Q(status=Status.SCORED)),
            teams=Count("team", distinct=True),
            best=(Max if higher else Min)(
                "public_score", filter=Q(disqualified_at__isnull=True, is_late=False)
            ),
        )
        .order_by("day")
    )
    days: list[Day] = []
    best: float | None = None
    for row in rows:
        found = [score for score in (best, row["best"]) if score is not None]
        best = (max if higher else min)(found) if found else None
        days.append(Day(row["day"], row["submissions"], row["scored"], row["teams"], best))
    return days[-MOST_DAYS:]


def _failures(competition: Competition) -> list[FailureCount]:
    rows = (
        Evaluation.objects.filter(
            submission__competition=competition, submission__team__is_baseline=False
        )
        .exclude(failure="")
        .values_list("failure")
        .annotate(count=Count("pk"))
        .order_by("-count", "failure")
    )
    return [FailureCount(code, count) for code, count in rows]


def _waits(competition: Competition) -> Waits:
    waited = ExpressionWrapper(F("claimed_at") - F("queued_at"), output_field=DurationField())
    told = Evaluation.objects.filter(
        submission__competition=competition,
        submission__team__is_baseline=False,
        claimed_at__isnull=False,
    ).aggregate(
        evaluations=Count("pk"),
        median=_Percentile(waited, share=0.5),
        p95=_Percentile(waited, share=0.95),
    )
    return Waits(told["evaluations"], _seconds(told["median"]), _seconds(told["p95"]))


def _seconds(waited: timedelta | None) -> float | None:
    return None if waited is None else round(waited.total_seconds(), 3)
