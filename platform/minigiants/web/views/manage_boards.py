"""The standings of a competition, for its hosts to take away."""

from dataclasses import asdict, fields
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from minigiants.leaderboards.selectors import Ranking, rankings
from minigiants.web.views.downloads import csv_download, json_download
from minigiants.web.views.managed_competition import managed_competition

COLUMNS: Final = [field.name for field in fields(Ranking)]


@never_cache
@login_required
@require_safe
def boards(request: HttpRequest, slug: str) -> HttpResponse:
    """All boards as they stand, the private ones too. `?format=csv` is the default, or `json`."""
    managed = managed_competition(request, slug)
    wanted = request.GET.get("format", "csv")
    if wanted not in {"csv", "json"}:
        raise Http404
    rows = [asdict(ranking) for ranking in rankings(competition=managed.competition)]
    if wanted == "csv":
        return csv_download(f"{slug}-boards.csv", columns=COLUMNS, rows=rows)
    return json_download(f"{slug}-boards.json", {"items": rows})
