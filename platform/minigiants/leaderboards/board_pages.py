"""Pages of boards: by cursor, by offset, around a team, by another order, or of a search.

The ranks of a page are counted in the statement that reads its rows, so that they are of one
moment whoever writes meanwhile.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet, Value

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.cursors import Cursor
from minigiants.leaderboards.database import FirstWithin, Once, PlaceAt, StandingsBefore
from minigiants.leaderboards.models import Board, EarlierRank, Standing
from minigiants.leaderboards.selectors import boards_get, divisions_get, phase_get, ranks_of
from minigiants.leaderboards.sorting import BY_SCORE, SORT_NAMES, SORTS, sorted_rows
from minigiants.leaderboards.statistics_selectors import Certainty, certainties

PAGE_ROWS: Final = 50
MAX_PAGE_ROWS: Final = 200


@dataclass(frozen=True)
class BoardQuery:
    """What a reader wants to see. Without a division: the head of each board of the phase.

    `cursor` and `offset` (from 0) say where a page begins, `around` is a team that shall stand in
    its middle, and `team` is how the names of the wanted teams begin.
    """

    phase: str | None = None
    division: str | None = None
    split: Literal["public", "private"] = "public"
    sort: str = BY_SCORE
    cursor: str | None = None
    offset: int = 0
    around: UUID | None = None
    team: str = ""
    limit: int = PAGE_ROWS

    @property
    def is_whole(self) -> bool:
        """Whether the rows follow each other on the board, so that ranks can be counted on."""
        return self.sort == BY_SCORE and not self.team

    def check(self) -> None:
        """Raise InvalidInput for wishes that exclude each other."""
        if self.sort not in SORT_NAMES:
            raise InvalidInput(
                f"A board can't be sorted by {self.sort[:40]!r}.",
                mend=f"Sort by one of: {', '.join(SORT_NAMES)}.",
            )
        if self.division is None and (self.cursor is not None or self.offset):
            raise InvalidInput(
                "A cursor or an offset needs a division.", mend="Add division=… to the query."
            )
        if (self.offset or self.around) and not self.is_whole:
            raise InvalidInput(
                "An offset, and what stands around a team, are of the order by score alone.",
                mend="Leave sort and team out.",
            )


@dataclass(frozen=True)
class Row:
    """A team's place on a board. Ranks count from 1.

    `earlier_rank` is that of the beginning of the day (UTC); None for who was not there then.
    `on_front` says that nobody above it on the board has as few parameters. Without a `certainty`
    the score has no interval (yet).
    """

    rank: int
    earlier_rank: int | None
    team_id: UUID
    team: str
    baseline: bool
    submission_id: UUID
    division: Division
    score: float
    score_shown: str
    parameters: int
    tensor_bits: int
    artifact_bytes: int
    latency_seconds: float | None
    peak_memory_bytes: int | None
    format: str
    entries: int
    submitted_at: datetime
    last_at: datetime
    on_front: bool
    certainty: Certainty | None

    @property
    def climbed(self) -> int | None:
        """How many ranks it has gained since the day began; negative for lost ones."""
        return None if self.earlier_rank is None else self.earlier_rank - self.rank

    @property
    def fallen(self) -> int:
        """How many ranks it has lost since the day began."""
        return max(-(self.climbed or 0), 0)


@dataclass(frozen=True)
class BoardPage:
    """Some rows of one division's board; `next_cursor` leads to those that follow."""

    division: Division
    board: Board | None
    rows: Sequence[Row]
    next_cursor: str | None
    teams: int = 0

    @property
    def frozen_at(self) -> datetime | None:
        """Since when the board stands still, if it does."""
        return self.board.frozen_at if self.board else None


def boards_page(
    *, competition: Competition, query: BoardQuery, viewer: Viewer
) -> tuple[Phase, list[BoardPage]]:
    """A page of each board that `query` speaks of.

    Raises NotFound, InvalidInput, and BoardHidden for a private board that is hidden yet.
    """
    query.check()
    phase = phase_get(competition=competition, slug=query.phase)
    divisions = divisions_get(competition=competition, slug=query.division)
    boards = boards_get(phase=phase, split=query.split, viewer=viewer)
    ranks = (
        ranks_of(phase=phase, split=query.split, viewer=viewer, team_id=query.around)
        if query.around
        else {}
    )
    version = competition.current_version
    decimals = version.spec.ranking_metric.decimals if version else 4
    found = {
        division.pk: _read(boards[division.pk], query, ranks.get(division.pk))
        for division in divisions
        if division.pk in boards
    }
    earlier = _earlier_ranks(found.values())
    known = certainties(
        boards={board.pk for board in boards.values()},
        submissions=[row.submission_id for rows, _ in found.values() for row, _ in rows],
    )
    pages = []
    for division in divisions:
        if division.pk not in found:
            pages.append(BoardPage(division, None, (), None))
            continue
        standings, next_cursor = found[division.pk]
        board = boards[division.pk]
        rows = [
            _row(
                standing,
                rank,
                earlier.get((board.pk, standing.team_id)),
                known.get((board.pk, standing.submission_id)),
                decimals,
            )
            for standing, rank in standings
        ]
        pages.append(BoardPage(division, board, rows, next_cursor, board.teams))  # type: ignore[attr-defined]
    return phase, pages


Read = tuple[list[tuple[Standing, int]], str | None]


def _read(board: Board, query: BoardQuery, own_rank: int | None) -> Read:
    """The standings of a page with their ranks, and the cursor of the next page."""
    limit = min(max(query.limit, 1), MAX_PAGE_ROWS)
    after = Cursor.decode(query.cursor, sort=query.sort) if query.cursor else None
    rows = (
        Standing.objects.filter(board=board)
        .select_related("team", "division")
        .annotate(
            on_front=ExpressionWrapper(
                Q(place=FirstWithin(F("board_id"), F("parameters"))), output_field=BooleanField()
            )
        )
    )
    if query.is_whole:
        offset = max(own_rank - 1 - limit // 2, 0) if own_rank else query.offset
        found = list(_whole(rows, board, after, offset)[: limit + 1])
        ranks = [row.first + number for number, row in enumerate(found, start=1)]  # type: ignore[attr-defined]
    else:
        found = list(_picked(rows, query, after)[: limit + 1])
        ranks = [row.before + 1 for row in found]  # type: ignore[attr-defined]
    page = list(zip(found, ranks, strict=True))[:limit]
    if len(found) <= limit:
        return page, None
    last = found[limit - 1]
    value = SORTS[query.sort].told(last) if query.sort in SORTS else ""
    return page, Cursor(query.sort, value, bytes(last.place)).encode()


def _whole(
    rows: QuerySet[Standing], board: Board, after: Cursor | None, offset: int
) -> QuerySet[Standing]:
    if after is not None:
        beyond = after.place + b"\0"
        first = Once(StandingsBefore(Value(board.pk), Value(beyond)))
        return rows.filter(place__gte=beyond).annotate(first=first).order_by("place")
    if offset:
        rows = rows.filter(place__gte=Once(PlaceAt(Value(board.pk), Value(offset))))
    return rows.annotate(first=Value(offset)).order_by("place")


def _picked(
    rows: QuerySet[Standing], query: BoardQuery, after: Cursor | None
) -> QuerySet[Standing]:
    if query.team:
        rows = rows.filter(team__name__istartswith=query.team)
    rows = rows.annotate(before=StandingsBefore(F("board_id"), F("place")))
    if query.sort in SORTS:
        return sorted_rows(rows, name=query.sort, after=after)
    if after is not None:
        rows = rows.filter(place__gt=after.place)
    return rows.order_by("place")


def _earlier_ranks(found: Iterable[Read]) -> dict[tuple[UUID, UUID], int]:
    standings = [standing for page, _ in found for standing, _ in page]
    if not standings:
        return {}
    rows = EarlierRank.objects.filter(
        board__in={standing.board_id for standing in standings},
        team__in=[standing.team_id for standing in standings],
    )
    return {(row.board_id, row.team_id): row.rank for row in rows}


def _row(
    standing: Standing,
    rank: int,
    earlier_rank: int | None,
    certainty: Certainty | None,
    decimals: int,
) -> Row:
    return Row(
        rank=rank,
        earlier_rank=earlier_rank,
        team_id=standing.team_id,
        team=standing.team.name,
        baseline=standing.team.is_baseline,
        submission_id=standing.submission_id,
        division=standing.division,
        score=standing.score,
        score_shown=f"{standing.score:.{decimals}f}",
        parameters=standing.parameters,
        tensor_bits=standing.tensor_bits,
        artifact_bytes=standing.artifact_bytes,
        latency_seconds=standing.latency_seconds,
        peak_memory_bytes=standing.peak_memory_bytes,
        format=standing.format,
        entries=standing.entries,
        submitted_at=standing.achieved_at,
        last_at=standing.last_at,
        certainty=certainty,
        on_front=standing.on_front,  # type: ignore[attr-defined]
    )
