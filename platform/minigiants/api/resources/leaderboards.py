"""Boards, and what is read from them."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponse
from ninja import Router
from ninja.params.functions import Query

from minigiants.accounts.models import Scope
from minigiants.api.authentication import ApiRequest, person_of, public, required
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam
from minigiants.api.schemas.competitions import DivisionName, MetricOut
from minigiants.api.schemas.leaderboards import (
    BoardOut,
    DivisionHistoryOut,
    HistoryOut,
    LateOut,
    LeaderboardOut,
    OwnRank,
    OwnRanksOut,
    ParetoOut,
    ShakeUpOut,
    StepOut,
    TeamHistoryOut,
)
from minigiants.api.tables import CSV_RESPONSE, TableFormat, table_answer
from minigiants.competitions.models import Phase
from minigiants.competitions.pack_access import Audience
from minigiants.competitions.selectors import competition_get, spec_of
from minigiants.core.problems import NotAuthenticated
from minigiants.leaderboards.board_pages import BoardQuery, boards_page
from minigiants.leaderboards.history import DivisionHistory, history_view
from minigiants.leaderboards.late import late_page
from minigiants.leaderboards.models import Board
from minigiants.leaderboards.pareto import pareto_view
from minigiants.leaderboards.policies import is_revealed
from minigiants.leaderboards.selectors import boards_get, phase_get, ranks_of
from minigiants.leaderboards.shake_up import shake_up
from minigiants.teams.selectors import team_find

router = Router(tags=["leaderboards"])

PhaseParam = Annotated[str | None, Query(max_length=32, description="Default: the current one")]
DivisionParam = Annotated[str | None, Query(max_length=32, description="Default: each, apart")]
OneDivision = Annotated[str | None, Query(max_length=32, description="Default: the tightest")]
SplitParam = Annotated[
    Literal["public", "private"], Query(description="The private boards open after the phase")
]
FormatParam = Annotated[TableFormat, Query(description="The same rows as JSON or as CSV")]

ROW_COLUMNS = (
    "division",
    "rank",
    "earlier_rank",
    "team",
    "baseline",
    "score",
    "low",
    "high",
    "band",
    "lowest_rank",
    "highest_rank",
    "parameters",
    "tensor_bits",
    "artifact_bytes",
    "latency_seconds",
    "peak_memory_bytes",
    "format",
    "entries",
    "submitted_at",
    "last_at",
    "on_front",
)
LATE_COLUMNS = ("team", "score", "parameters", "artifact_bytes", "submitted_at")
SHAKE_UP_COLUMNS = (
    "private_rank",
    "public_rank",
    "climbed",
    "team",
    "baseline",
    "private_score",
    "public_score",
)
PARETO_COLUMNS = ("team", "baseline", "division", "cost", "score", "low", "high", "dominance")
STEP_COLUMNS = ("division", "line", "at", "score", "team")


def _is_open(phase: Phase, split: str) -> bool:
    """Whether everybody sees the boards of a phase and split."""
    if phase.competition.audience != Audience.PUBLIC:
        return False
    return split == Board.Split.PUBLIC or is_revealed(phase=phase)


@router.get(
    "/competitions/{slug}/leaderboard",
    response=LeaderboardOut,
    auth=public(),
    operation_id="leaderboard_read",
    openapi_extra=CSV_RESPONSE,
)
def read(
    request: ApiRequest,
    slug: str,
    phase: PhaseParam = None,
    division: DivisionParam = None,
    split: SplitParam = "public",
    sort: Annotated[
        Literal["score", "parameters", "size", "latency", "last"],
        Query(description="Ranks stay those by score"),
    ] = "score",
    team: Annotated[str, Query(max_length=80, description="How the team's name begins")] = "",
    around: Annotated[
        Literal["me"] | None, Query(description="The rows around your own team")
    ] = None,
    offset: Annotated[
        int, Query(ge=0, le=2**31 - 1, description="Rows to skip; needs a division")
    ] = 0,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
    format: FormatParam = "json",  # noqa: A002  (what callers write)
) -> HttpResponse:
    """The boards of a phase: one for each division."""
    competition = competition_get(slug=slug, user=request.auth.user)
    shown, pages = boards_page(
        competition=competition,
        query=BoardQuery(
            phase=phase,
            division=division,
            split=split,
            sort=sort,
            team=team,
            around=_own_team(request, slug) if around else None,
            offset=offset,
            cursor=cursor,
            limit=limit,
        ),
        viewer=request.auth.user,
    )
    body = LeaderboardOut(
        phase=shown.slug,
        split=split,
        metric=MetricOut.model_validate(spec_of(competition).ranking_metric),
        boards=[BoardOut.model_validate(page) for page in pages],
    )
    rows = [
        {
            **row.model_dump(),
            "division": board.division.slug,
            **(row.certainty.model_dump() if row.certainty else {}),
        }
        for board in body.boards
        for row in board.rows
    ]
    return table_answer(
        request,
        body,
        rows,
        columns=ROW_COLUMNS,
        table_format=format,
        is_open=_is_open(shown, split),
    )


def _own_team(request: ApiRequest, slug: str) -> UUID | None:
    person = request.auth.person
    if person is None:
        raise NotAuthenticated("Only who is logged in has rows around their team.")
    team = team_find(user=person, competition=competition_get(slug=slug, user=person))
    return team.pk if team else None


@router.get(
    "/competitions/{slug}/leaderboard/me",
    response=OwnRanksOut,
    auth=required(Scope.READ),
    operation_id="leaderboard_own_ranks",
)
def own_ranks(
    request: ApiRequest, slug: str, phase: PhaseParam = None, split: SplitParam = "public"
) -> OwnRanksOut:
    """Where your team stands, on each board where it does."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    shown = phase_get(competition=competition, slug=phase)
    boards = boards_get(phase=shown, split=split, viewer=person)
    team = team_find(user=person, competition=competition)
    ranks = ranks_of(phase=shown, split=split, viewer=person, team_id=team.pk) if team else {}
    return OwnRanksOut(
        phase=shown.slug,
        split=split,
        team=team.name if team else None,
        ranks=[
            OwnRank(
                division=DivisionName.model_validate(division),
                rank=ranks[division.pk],
                teams=boards[division.pk].teams,  # type: ignore[attr-defined]
            )
            for division in competition.divisions.order_by("position")
            if division.pk in ranks
        ],
    )


@router.get(
    "/competitions/{slug}/leaderboard/late",
    response=LateOut,
    auth=public(),
    operation_id="leaderboard_late",
    openapi_extra=CSV_RESPONSE,
)
def late(
    request: ApiRequest,
    slug: str,
    division: OneDivision = None,
    phase: PhaseParam = None,
    split: SplitParam = "public",
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
    format: FormatParam = "json",  # noqa: A002  (what callers write)
) -> HttpResponse:
    """What was handed in after the close: scored, and ranked nowhere."""
    page = late_page(
        competition=competition_get(slug=slug, user=request.auth.user),
        phase_slug=phase,
        division_slug=division,
        split=split,
        cursor=cursor,
        limit=limit,
        viewer=request.auth.user,
    )
    body = LateOut.model_validate(page)
    return table_answer(
        request,
        body,
        [row.model_dump() for row in body.rows],
        columns=LATE_COLUMNS,
        table_format=format,
        is_open=_is_open(page.phase, split),
    )


@router.get(
    "/competitions/{slug}/leaderboard/shake-up",
    response=ShakeUpOut,
    auth=public(),
    operation_id="leaderboard_shake_up",
    openapi_extra=CSV_RESPONSE,
)
def read_shake_up(
    request: ApiRequest,
    slug: str,
    division: OneDivision = None,
    phase: PhaseParam = None,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
    format: FormatParam = "json",  # noqa: A002  (what callers write)
) -> HttpResponse:
    """How ranks changed from the public board to the private one, once that is revealed."""
    found = shake_up(
        competition=competition_get(slug=slug, user=request.auth.user),
        phase_slug=phase,
        division_slug=division,
        cursor=cursor,
        limit=limit,
        viewer=request.auth.user,
    )
    body = ShakeUpOut.model_validate(found)
    return table_answer(
        request,
        body,
        [row.model_dump() for row in body.rows],
        columns=SHAKE_UP_COLUMNS,
        table_format=format,
        is_open=_is_open(found.phase, Board.Split.PRIVATE),
    )


@router.get(
    "/competitions/{slug}/leaderboard/pareto",
    response=ParetoOut,
    auth=public(),
    operation_id="leaderboard_pareto",
    openapi_extra=CSV_RESPONSE,
)
def pareto(
    request: ApiRequest,
    slug: str,
    phase: PhaseParam = None,
    division: DivisionParam = None,
    split: SplitParam = "public",
    axis: Literal["parameters", "bits", "memory", "latency"] = "parameters",
    format: FormatParam = "json",  # noqa: A002  (what callers write)
) -> HttpResponse:
    """Scores against what the models cost, and which of them nobody beats with as little."""
    view = pareto_view(
        competition=competition_get(slug=slug, user=request.auth.user),
        phase_slug=phase,
        division_slug=division,
        axis=axis,
        split=split,
        viewer=request.auth.user,
    )
    body = ParetoOut.model_validate(view)
    return table_answer(
        request,
        body,
        [{**point.model_dump(), "division": point.division.slug} for point in body.points],
        columns=PARETO_COLUMNS,
        table_format=format,
        is_open=_is_open(view.phase, split),
    )


@router.get(
    "/competitions/{slug}/leaderboard/history",
    response=HistoryOut,
    auth=public(),
    operation_id="leaderboard_history",
    openapi_extra=CSV_RESPONSE,
)
def history(
    request: ApiRequest,
    slug: str,
    phase: PhaseParam = None,
    division: DivisionParam = None,
    split: SplitParam = "public",
    team: Annotated[
        list[UUID], Query(max_length=8, description="Teams whose own scores are wanted too")
    ] = [],  # noqa: B006  (ninja copies it)
    format: FormatParam = "json",  # noqa: A002  (what callers write)
) -> HttpResponse:
    """How the best score of each division rose over time, and those of some teams."""
    view = history_view(
        competition=competition_get(slug=slug, user=request.auth.user),
        phase_slug=phase,
        division_slug=division,
        split=split,
        teams=team,
        viewer=request.auth.user,
    )
    body = HistoryOut(
        phase=view.phase.slug,
        split=view.split,
        divisions=[_division_history(found) for found in view.divisions],
    )
    rows = [
        {**step.model_dump(), "division": found.division.slug, "line": line}
        for found in body.divisions
        for line, steps in [
            ("best", found.best),
            *((str(each.team_id), each.steps) for each in found.teams),
        ]
        for step in steps
    ]
    return table_answer(
        request,
        body,
        rows,
        columns=STEP_COLUMNS,
        table_format=format,
        is_open=_is_open(view.phase, split),
    )


def _division_history(found: DivisionHistory) -> DivisionHistoryOut:
    return DivisionHistoryOut(
        division=DivisionName.model_validate(found.division),
        best=[StepOut.model_validate(step) for step in found.best],
        teams=[
            TeamHistoryOut(team_id=team_id, steps=[StepOut.model_validate(step) for step in steps])
            for team_id, steps in found.teams.items()
        ],
    )
