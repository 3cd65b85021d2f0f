"""Leaderboards: standings, the Pareto view, scores over time, the shake-up, late ones."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from minigiants.competitions.models import Phase
from minigiants.core.problems import InvalidInput, NotFound, Problem
from minigiants.leaderboards.board_pages import BoardPage, BoardQuery, Row, boards_page
from minigiants.leaderboards.history import DivisionHistory, history_view, sparklines
from minigiants.leaderboards.hosting import phase_boards_freeze, private_boards_reveal
from minigiants.leaderboards.late import late_page
from minigiants.leaderboards.pareto import AXES, pareto_view
from minigiants.leaderboards.policies import is_revealed, may_run
from minigiants.leaderboards.selectors import phase_get
from minigiants.leaderboards.shake_up import shake_up as read_shake_up
from minigiants.leaderboards.sorting import SORT_NAMES
from minigiants.leaderboards.statistics_selectors import methods
from minigiants.teams.models import Team
from minigiants.teams.selectors import team_find
from minigiants.web.charts.pareto_chart import COST_FORMATS, pareto_chart
from minigiants.web.charts.shake_up_chart import shake_up_chart
from minigiants.web.charts.sparkline import sparkline
from minigiants.web.charts.steps_chart import StepLine, steps_chart
from minigiants.web.views.competition_page import CompetitionPage, competition_page
from minigiants.web.views.people import person_of, person_or_none

Split = Literal["public", "private"]


@dataclass(frozen=True)
class ShownRow:
    """A row with what the page draws into it."""

    row: Row
    spark: SafeString
    opens_band: bool


@dataclass(frozen=True)
class ShownBoard:
    """A page of a board as it is shown."""

    page: BoardPage
    rows: list[ShownRow]
    method: Any


def _split(request: HttpRequest) -> Split:
    split = request.GET.get("split") or "public"
    if split not in ("public", "private"):
        raise InvalidInput("A board is public or private.")
    return "private" if split == "private" else "public"


def _own_team(request: HttpRequest, page: CompetitionPage) -> Team | None:
    person = person_or_none(request)
    return team_find(user=person, competition=page.competition) if person else None


def _context(request: HttpRequest, page: CompetitionPage, phase: Phase, **more: Any) -> Any:
    revealed = is_revealed(phase=phase)
    runs = may_run(user=request.user, competition=page.competition)
    return page.context(
        more.pop("tab", "leaderboard"),
        shown_phase=phase,
        phases=page.spec.phases,
        divisions=page.spec.divisions,
        division_slug=request.GET.get("division") or None,
        split=_split(request),
        revealed=revealed,
        may_run=runs,
        sees_private=revealed or runs,
        metric=page.spec.ranking_metric,
        **more,
    )


def _answer(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Pages of boards are kept by nobody: what is hidden now must not come out of a cache."""
    response = render(request, template, context)
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["Cookie", "HX-Request"])
    return response


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    """The boards of a phase. htmx asks for the rows after a cursor alone."""
    page = competition_page(request, slug)
    team = _own_team(request, page)
    around = team is not None and request.GET.get("around") == "me"
    sort = request.GET.get("sort") or "score"
    search = (request.GET.get("team") or "").strip()[:80]
    query = BoardQuery(
        phase=request.GET.get("phase") or None,
        division=request.GET.get("division") or None,
        split=_split(request),
        sort=sort,
        cursor=request.GET.get("cursor") or None,
        around=team.pk if around and team else None,
        team=search,
    )
    phase, found = boards_page(competition=page.competition, query=query, viewer=request.user)
    context = _context(
        request,
        page,
        phase,
        boards=_shown(found, higher_is_better=page.spec.ranking_metric.higher_is_better),
        is_continued="cursor" in request.GET,
        own_team=team,
        around=around,
        sort=sort,
        sorts=SORT_NAMES,
        search=search,
        is_frozen=any(each.frozen_at for each in found),
    )
    if request.htmx and "cursor" in request.GET:  # type: ignore[attr-defined]
        rows = context | {"board": context["boards"][0]}
        return _answer(request, "web/competition/board_rows.html", rows)
    return _answer(request, "web/competition/leaderboard.html", context)


def _shown(found: list[BoardPage], *, higher_is_better: bool) -> list[ShownBoard]:
    boards = [page.board.pk for page in found if page.board is not None]
    teams = {row.team_id for page in found for row in page.rows}
    lines = sparklines(boards=boards, teams=teams)
    known = methods(boards=boards)
    return [
        ShownBoard(
            page=page,
            rows=_shown_rows(page, lines, higher_is_better=higher_is_better),
            method=known.get(page.board.pk) if page.board else None,
        )
        for page in found
    ]


def _shown_rows(page: BoardPage, lines: Any, *, higher_is_better: bool) -> list[ShownRow]:
    rows = []
    band = None
    for row in page.rows:
        scores = lines.get((page.board.pk, row.team_id), ()) if page.board else ()
        here = row.certainty.band if row.certainty else None
        rows.append(
            ShownRow(
                row=row,
                spark=sparkline(
                    f"spark-{page.division.slug}-{row.team_id}",
                    scores,
                    higher_is_better=higher_is_better,
                ),
                opens_band=here is not None and band is not None and here != band,
            )
        )
        band = here
    return rows


@require_safe
def pareto(request: HttpRequest, slug: str) -> HttpResponse:
    """Scores against what models cost: as a chart, and the same as a table."""
    page = competition_page(request, slug)
    axis = request.GET.get("axis") or "parameters"
    view = pareto_view(
        competition=page.competition,
        phase_slug=request.GET.get("phase") or None,
        division_slug=request.GET.get("division") or None,
        axis=axis,
        split=_split(request),
        viewer=request.user,
    )
    metric = page.spec.ranking_metric
    context = _context(
        request,
        page,
        view.phase,
        tab="pareto",
        view=view,
        axes=AXES,
        axis=AXES[axis],
        axis_name=axis,
        chart=pareto_chart(view, metric=metric.title),
        points=[(point, COST_FORMATS[axis](point.cost)) for point in view.points],
        own_team=_own_team(request, page),
    )
    return _answer(request, "web/competition/pareto.html", context)


@require_safe
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """How the best scores rose over time, and those of some teams."""
    page = competition_page(request, slug)
    try:
        teams = [UUID(text) for text in request.GET.getlist("team")]
    except ValueError:
        raise NotFound("There is no such team.") from None
    own = _own_team(request, page)
    view = history_view(
        competition=page.competition,
        phase_slug=request.GET.get("phase") or None,
        division_slug=request.GET.get("division") or None,
        split=_split(request),
        teams=teams or ([own.pk] if own else []),
        viewer=request.user,
    )
    metric = page.spec.ranking_metric
    until = min(timezone.now(), view.phase.closes_at)
    charts = [
        (
            found,
            steps_chart(
                _lines(found),
                name=f"history-{found.division.slug}",
                title=f"{metric.title} over time: {found.division.title}",
                metric=metric.title,
                higher_is_better=metric.higher_is_better,
                until=until,
            ),
        )
        for found in view.divisions
    ]
    context = _context(request, page, view.phase, charts=charts)
    return _answer(request, "web/competition/history.html", context)


def _lines(found: DivisionHistory) -> list[StepLine]:
    lines = [
        StepLine(
            "Best",
            [(step.at, step.score, f"{step.team}: {step.score_shown}") for step in found.best],
        )
    ]
    for steps in found.teams.values():
        told = [(step.at, step.score, f"{step.team}: {step.score_shown}") for step in steps]
        lines.append(StepLine(steps[0].team, told))
    return lines


@require_safe
def shake_up(request: HttpRequest, slug: str) -> HttpResponse:
    """What the private board made of the public ranks, once it is revealed."""
    page = competition_page(request, slug)
    found = read_shake_up(
        competition=page.competition,
        phase_slug=request.GET.get("phase") or None,
        division_slug=request.GET.get("division") or None,
        cursor=request.GET.get("cursor") or None,
        viewer=request.user,
    )
    context = _context(
        request,
        page,
        found.phase,
        found=found,
        chart=shake_up_chart(found.rows),
        own_team=_own_team(request, page),
    )
    return _answer(request, "web/competition/shake_up.html", context)


@require_safe
def late(request: HttpRequest, slug: str) -> HttpResponse:
    """What was handed in after the close: scored, and ranked nowhere."""
    page = competition_page(request, slug)
    found = late_page(
        competition=page.competition,
        phase_slug=request.GET.get("phase") or None,
        division_slug=request.GET.get("division") or None,
        split=_split(request),
        cursor=request.GET.get("cursor") or None,
        viewer=request.user,
    )
    return _answer(
        request, "web/competition/late.html", _context(request, page, found.phase, found=found)
    )


@require_POST
def rule(request: HttpRequest, slug: str, phase: str, act: str) -> HttpResponse:
    """Reveal the private boards of a phase, freeze its boards, or let them move again."""
    page = competition_page(request, slug)
    found = phase_get(competition=page.competition, slug=phase)
    person = person_of(request)
    try:
        match act:
            case "reveal":
                private_boards_reveal(user=person, phase=found)
                messages.success(request, "Everybody sees the private leaderboard now.")
            case "freeze" | "thaw":
                phase_boards_freeze(user=person, phase=found, is_frozen=act == "freeze")
                messages.success(
                    request,
                    "The boards stand still." if act == "freeze" else "The boards move again.",
                )
            case _:
                raise NotFound("There is no such act.")
    except Problem as problem:
        if problem.status != 409:
            raise
        messages.warning(request, f"{problem.title}. {problem.how_to_mend}")
    return redirect("web:leaderboard", slug=slug)
