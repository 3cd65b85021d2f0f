"""What happens in a competition, for its hosts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import latest_version
from minigiants.submissions.services import REFUSED_CODE
from minigiants.submissions.statistics import Day, competition_statistics
from minigiants.web.charts.bars_chart import bars_chart
from minigiants.web.charts.counts_chart import counts_chart
from minigiants.web.charts.scales import midnight
from minigiants.web.charts.steps_chart import StepLine, steps_chart
from minigiants.web.charts.waits_chart import DayWaits, waits_chart
from minigiants.web.views.downloads import csv_download, json_download
from minigiants.web.views.managed_competition import managed_competition

COUNTED = ("day", "submissions", "scored", "teams", "joined", "best")


@never_cache
@login_required
@require_safe
def statistics(request: HttpRequest, slug: str) -> HttpResponse:
    """Days, scores, failures and waiting. `?format=csv` downloads the days, with `&of=failures`
    the failures, and `?format=json` all of it.
    """
    managed = managed_competition(request, slug)
    found = competition_statistics(competition=managed.competition)
    spec = latest_version(managed.competition).spec
    match request.GET.get("format", ""), request.GET.get("of", ""):
        case "csv", "failures":
            return csv_download(
                f"{slug}-failures.csv",
                columns=["code", "count"],
                rows=[asdict(failure) for failure in found.failures],
            )
        case "csv", _:
            rows = [_row(day) for day in found.days]
            divisions = [f"best_{division.slug}" for division in spec.divisions]
            columns = [*COUNTED, *divisions, "waits", "wait_median", "wait_p95"]
            return csv_download(f"{slug}-days.csv", columns=columns, rows=rows)
        case "json", _:
            return json_download(f"{slug}-statistics.json", asdict(found))
    context = managed.context(
        "statistics",
        statistics=found,
        refused_code=REFUSED_CODE,
        charts=_charts(found.days, spec),
        failures_chart=counts_chart(
            [(failure.code, failure.count) for failure in found.failures],
            name="failures",
            title="Why submissions came to nothing",
            unit="failures",
        ),
    )
    return render(request, "web/manage/statistics.html", context)


def _row(day: Day) -> dict[str, Any]:
    return {
        **{column: getattr(day, column) for column in COUNTED},
        **{f"best_{division}": score for division, score in day.best_by_division.items()},
        "waits": day.waits.evaluations,
        "wait_median": day.waits.median,
        "wait_p95": day.waits.p95,
    }


def _charts(days: Sequence[Day], spec: PackSpec) -> dict[str, SafeString]:
    return {
        "submissions": _bars(days, "submissions", "Submissions a day", "submissions"),
        "teams": _bars(days, "teams", "Teams that handed in, each day", "teams"),
        "joined": _bars(days, "joined", "New teams, each day", "new teams"),
        "progress": steps_chart(
            [
                StepLine(division.title, _steps(days, division.slug, spec.ranking_metric.decimals))
                for division in spec.divisions
            ],
            name="progress",
            title=f"Best public {spec.ranking_metric.title} by day",
            metric=spec.ranking_metric.title,
            higher_is_better=spec.ranking_metric.higher_is_better,
            until=timezone.now(),
        ),
        "waits": waits_chart(
            [
                DayWaits(day.day, day.waits.evaluations, day.waits.median, day.waits.p95)
                for day in days
                if day.waits.median is not None and day.waits.p95 is not None
            ],
            name="waits",
            title="Waiting for a worker, by the day of queueing",
        ),
    }


def _bars(days: Sequence[Day], count: str, title: str, unit: str) -> SafeString:
    counts = [(day.day, getattr(day, count)) for day in days]
    return bars_chart([each for each in counts if each[1]], name=count, title=title, unit=unit)


def _steps(days: Sequence[Day], division: str, decimals: int) -> list[tuple[datetime, float, str]]:
    """Where the best of a division changed, as a `StepLine` has them."""
    steps = []
    last = None
    for day in days:
        best = day.best_by_division[division]
        if best is not None and best != last:
            told = f"{best:.{decimals}f} on {day.day.isoformat()}"
            steps.append((midnight(day.day), best, told))
        last = best
    return steps
