"""What happens in a competition, for its hosts."""

from dataclasses import asdict

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.submissions.statistics import competition_statistics
from minigiants.web.charts.bars_chart import bars_chart
from minigiants.web.views.downloads import csv_download, json_download
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
            return csv_download(
                f"{slug}-days.csv",
                columns=["day", "submissions", "scored", "teams", "best"],
                rows=[asdict(day) for day in found.days],
            )
        case "json":
            return json_download(f"{slug}-statistics.json", asdict(found))
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
