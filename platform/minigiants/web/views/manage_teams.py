"""Who competes, as hosts see it: teams with their people, what they handed in, and rulings."""

from dataclasses import asdict, fields
from typing import Any, Final

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.submissions.hosted import HostedTeam, hosted_team, teams_hosted
from minigiants.teams.models import NAME_CHARACTERS
from minigiants.web.views.downloads import MAX_ROWS, csv_download, json_download
from minigiants.web.views.managed_competition import managed_competition

PAGE_ROWS: Final = 50
COLUMNS: Final = [field.name for field in fields(HostedTeam)]
TIMES: Final = ("founded_at", "last_submitted_at", "disqualified_at")


class SearchForm(forms.Form):
    """Which teams are shown."""

    name = forms.CharField(required=False, max_length=NAME_CHARACTERS, label="Name")


@never_cache
@login_required
@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The teams; `?format=csv` or `json` downloads those that the search leaves."""
    managed = managed_competition(request, slug)
    form = SearchForm(request.GET)
    name = form.cleaned_data["name"] if form.is_valid() else ""
    rows = teams_hosted(competition=managed.competition, name=name)
    wanted = request.GET.get("format", "")
    if wanted in {"csv", "json"}:
        told = [_told(hosted_team(row)) for row in rows[:MAX_ROWS]]
        if wanted == "json":
            return json_download(f"{slug}-teams.json", {"items": told})
        lines = [{**team, "members": " ".join(team["members"])} for team in told]
        return csv_download(f"{slug}-teams.csv", columns=COLUMNS, rows=lines)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    context = managed.context(
        "teams", form=form, rows=page, teams=[hosted_team(row) for row in page]
    )
    return render(request, "web/manage/teams.html", context)


def _told(team: HostedTeam) -> dict[str, Any]:
    times = {
        name: moment.isoformat() if (moment := getattr(team, name)) else None for name in TIMES
    }
    return {**asdict(team), **times, "id": str(team.id)}
