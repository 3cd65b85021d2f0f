"""What rescores of a competition changed."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from evaluator.contract import Split
from minigiants.submissions.models import Rescore
from minigiants.submissions.selectors import rescores_applied
from minigiants.web.views.competition_page import CompetitionPage, competition_page


@dataclass(frozen=True)
class RescoredBoard:
    """One public board of a rescore: its rows, those that left it last."""

    title: str
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class ShownRescore:
    """A rescore with its public boards. Private ranks are told by the private boards alone."""

    rescore: Rescore
    boards: list[RescoredBoard]


@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """Every rescore that was applied, newest first, with ranks before and after."""
    page = competition_page(request, slug)
    shown = [_shown(page, rescore) for rescore in rescores_applied(competition=page.competition)]
    context = page.context(
        "leaderboard", rescores=shown, decimals=page.spec.ranking_metric.decimals
    )
    return render(request, "web/competition/rescores.html", context)


def _shown(page: CompetitionPage, rescore: Rescore) -> ShownRescore:
    titles = {division.slug: division.title for division in page.spec.divisions}
    phases = {phase.slug: phase.title for phase in page.spec.phases}
    public = [row for row in rescore.table if row["split"] == Split.PUBLIC]
    boards = [
        RescoredBoard(
            f"{titles.get(division, division)} · {phases.get(phase, phase)}",
            [{**row, "moved": _moved(row)} for row in rows],
        )
        for (phase, division), rows in groupby(
            public, key=lambda row: (row["phase"], row["division"])
        )
    ]
    return ShownRescore(rescore, boards)


def _moved(row: dict[str, Any]) -> int | None:
    before, after = row["rank_before"], row["rank_after"]
    return None if before is None or after is None else before - after
