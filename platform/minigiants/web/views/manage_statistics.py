"""What happens in a competition, for its hosts."""

import csv
from dataclasses import asdict

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.submissions.statistics import CompetitionStatistics, competition_statistics
from minigiants.web.charts.bars_chart import bars_chart
from minigiants.web.views.managed_competition import managed_competition


@never_cache
@login_required
@require_safe
def statistics(request: HttpRequest, slug: str) -> HttpResponse:
    """Days, failures and waiting; `?format=csv` downloads the days, `json` all of it."""
    managed = managed_competition(request, slug)
    found = competition_statistics(competition=managed.competition)
    match request.GET.get("format", ""):
        case "csv":
            return _as_csv(slug, found)
        case "json":
            response = JsonResponse(asdict(found))
            response["Content-Disposition"] = f'attachment; filename="{slug}-statistics.json"'
            return response
    context = managed.context(
        "statistics",
        statistics=found,
        submissions_chart=bars_chart(
            [(day.day, day.submissions) for day in found.days],
            name="submissions",
            title="Submissions a day",
            unit="submissions",
        ),
        teams_chart=bars_chart(
            [(day.day, day.teams) for day in found.days],
            name="teams",
            title="Teams that handed in, each day",
            unit="teams",
        ),
    )
    return render(request, "web/manage/statistics.html", context)


def _as_csv(slug: str, found: CompetitionStatistics) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-days.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", "submissions", "scored", "teams", "best"])
    writer.writerows(
        [day.day.isoformat(), day.submissions, day.scored, day.teams, day.best]
        for day in found.days
    )
    return response
