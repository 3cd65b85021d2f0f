"""Late submissions: scored after the close, shown apart, ranked nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.competitions.selectors import spec_of
from minigiants.leaderboards.board_pages import MAX_PAGE_ROWS, PAGE_ROWS
from minigiants.leaderboards.cursors import Cursor
from minigiants.leaderboards.models import Board, Entry
from minigiants.leaderboards.selectors import boards_get, divisions_get, phase_get

BY = "late"


@dataclass(frozen=True)
class LateRow:
    """A late submission. It has no rank."""

    team_id: UUID
    team: str
    submission_id: UUID
    score: float
    score_shown: str
    parameters: int
    artifact_bytes: int
    submitted_at: datetime


@dataclass(frozen=True)
class LatePage:
    """Some late submissions of a division, the best first."""

    phase: Phase
    division: Division
    rows: Sequence[LateRow]
    next_cursor: str | None


def late_page(
    *,
    competition: Competition,
    division_slug: str | None = None,
    phase_slug: str | None = None,
    split: str = Board.Split.PUBLIC,
    cursor: str | None = None,
    limit: int = PAGE_ROWS,
    viewer: Viewer,
) -> LatePage:
    """The late submissions of a division, the tightest where none is named.

    Raises NotFound, BoardHidden, InvalidInput.
    """
    phase = phase_get(competition=competition, slug=phase_slug)
    division = divisions_get(competition=competition, slug=division_slug)[0]
    board = boards_get(phase=phase, split=split, viewer=viewer).get(division.pk)
    limit = min(max(limit, 1), MAX_PAGE_ROWS)
    rows = Entry.objects.filter(
        board=board,
        is_late=True,
        is_disqualified=False,
        team__disqualified_at__isnull=True,
    ).select_related("team")
    if cursor:
        rows = rows.filter(place__gt=Cursor.decode(cursor, sort=BY).place)
    found = list(rows.order_by("place")[: limit + 1])
    decimals = spec_of(competition).ranking_metric.decimals
    following = Cursor(BY, "", bytes(found[limit - 1].place)).encode() if found[limit:] else None
    return LatePage(
        phase=phase,
        division=division,
        rows=[
            LateRow(
                team_id=entry.team_id,
                team=entry.team.name,
                submission_id=entry.submission_id,
                score=entry.score,
                score_shown=f"{entry.score:.{decimals}f}",
                parameters=entry.parameters,
                artifact_bytes=entry.artifact_bytes,
                submitted_at=entry.achieved_at,
            )
            for entry in found[:limit]
        ],
        next_cursor=following,
    )
