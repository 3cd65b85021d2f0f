"""Reading boards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.core.cursors import cursor_decode, cursor_encode
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.leaderboards.models import Board, Standing

PAGE_ROWS = 50
MAX_PAGE_ROWS = 200


@dataclass(frozen=True)
class Row:
    """A team's place on a board. Ranks count from 1."""

    rank: int
    team_id: UUID
    team: str
    baseline: bool
    submission_id: UUID
    score: float
    score_shown: str
    parameters: int
    tensor_bits: int
    artifact_bytes: int
    latency_seconds: float | None
    format: str
    entries: int
    submitted_at: datetime


@dataclass(frozen=True)
class BoardPage:
    """Some rows of one division's board; `next_cursor` leads to those that follow."""

    division: Division
    rows: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class _Cursor:
    """The last row of a page: where its order ended, and its rank."""

    ranking_key: float
    achieved_at: datetime
    standing_id: int
    rank: int

    def encode(self) -> str:
        state = [self.ranking_key, self.achieved_at.isoformat(), self.standing_id, self.rank]
        return cursor_encode(state, of="board")

    @classmethod
    def decode(cls, text: str) -> "_Cursor":
        key, at, pk, rank = cursor_decode(text, of="board")
        return cls(float(key), datetime.fromisoformat(at), int(pk), int(rank))


def phase_get(*, competition: Competition, slug: str | None) -> Phase:
    """The phase called `slug`; without one, the latest that has opened. Raises NotFound."""
    phases = list(competition.phases.order_by("position"))
    if slug is not None:
        phases = [phase for phase in phases if phase.slug == slug]
    if not phases:
        raise NotFound("There is no such phase.")
    opened = [phase for phase in phases if phase.opens_at <= timezone.now()]
    return opened[-1] if opened else phases[0]


def boards_page(
    *,
    competition: Competition,
    phase_slug: str | None = None,
    division_slug: str | None = None,
    cursor: str | None = None,
    limit: int = PAGE_ROWS,
) -> tuple[Phase, list[BoardPage]]:
    """The public boards of a phase, one page for each division (or for the one that is named).

    A cursor belongs to one division's board. Raises NotFound, InvalidInput.
    """
    phase = phase_get(competition=competition, slug=phase_slug)
    divisions = list(competition.divisions.order_by("position"))
    if division_slug is not None:
        divisions = [division for division in divisions if division.slug == division_slug]
        if not divisions:
            raise NotFound("There is no such division.")
    elif cursor is not None:
        raise InvalidInput("A cursor needs a division.", mend="Add division=… to the query.")
    boards = {
        board.division_id: board
        for board in Board.objects.filter(phase=phase, split=Board.Split.PUBLIC)
    }
    decimals = _decimals(competition)
    limit = min(max(limit, 1), MAX_PAGE_ROWS)
    return phase, [
        _page(division, boards.get(division.pk), cursor, limit, decimals) for division in divisions
    ]


def _decimals(competition: Competition) -> int:
    version = competition.current_version
    return version.spec.ranking_metric.decimals if version else 4


def _page(
    division: Division, board: Board | None, cursor: str | None, limit: int, decimals: int
) -> BoardPage:
    if board is None:
        return BoardPage(division=division, rows=(), next_cursor=None)
    after = _Cursor.decode(cursor) if cursor else None
    found = list(_ordered(board, after)[: limit + 1])
    first_rank = after.rank + 1 if after else 1
    rows = [
        _row(standing, first_rank + offset, decimals)
        for offset, standing in enumerate(found[:limit])
    ]
    next_cursor = None
    if len(found) > limit:
        last = found[limit - 1]
        next_cursor = _Cursor(
            last.ranking_key, last.achieved_at, last.pk, first_rank + limit - 1
        ).encode()
    return BoardPage(division=division, rows=rows, next_cursor=next_cursor)


def _ordered(board: Board, after: _Cursor | None) -> QuerySet[Standing]:
    standings = (
        Standing.objects.select_related("team")
        .filter(board=board)
        .order_by("ranking_key", "achieved_at", "id")
    )
    if after is None:
        return standings
    return standings.filter(
        Q(ranking_key__gt=after.ranking_key)
        | Q(ranking_key=after.ranking_key, achieved_at__gt=after.achieved_at)
        | Q(
            ranking_key=after.ranking_key,
            achieved_at=after.achieved_at,
            id__gt=after.standing_id,
        )
    )


def _row(standing: Standing, rank: int, decimals: int) -> Row:
    return Row(
        rank=rank,
        team_id=standing.team_id,
        team=standing.team.name,
        baseline=standing.team.is_baseline,
        submission_id=standing.submission_id,
        score=standing.score,
        score_shown=f"{standing.score:.{decimals}f}",
        parameters=standing.parameters,
        tensor_bits=standing.tensor_bits,
        artifact_bytes=standing.artifact_bytes,
        latency_seconds=standing.latency_seconds,
        format=standing.format,
        entries=standing.entries,
        submitted_at=standing.achieved_at,
    )


def rank_of(*, phase: Phase, division: Division, team_id: UUID) -> int | None:
    """The team's rank on the public board of a phase and division, None where it has none."""
    standing = Standing.objects.filter(
        board__phase=phase,
        board__division=division,
        board__split=Board.Split.PUBLIC,
        team_id=team_id,
    ).first()
    if standing is None:
        return None
    ahead = Standing.objects.filter(board_id=standing.board_id).filter(
        Q(ranking_key__lt=standing.ranking_key)
        | Q(ranking_key=standing.ranking_key, achieved_at__lt=standing.achieved_at)
        | Q(
            ranking_key=standing.ranking_key,
            achieved_at=standing.achieved_at,
            id__lt=standing.pk,
        )
    )
    return ahead.count() + 1
