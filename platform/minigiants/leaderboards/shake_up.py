"""The shake-up: what the private board makes of the public ranks."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import F

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.leaderboards.board_pages import PAGE_ROWS, BoardQuery, boards_page
from minigiants.leaderboards.database import StandingsBefore
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.selectors import divisions_get


@dataclass(frozen=True)
class ShakeUpRow:
    """A team on the private board, and where it stood publicly."""

    team_id: UUID
    team: str
    baseline: bool
    private_rank: int
    public_rank: int | None
    private_score: str
    public_score: float | None

    @property
    def climbed(self) -> int | None:
        """How many ranks it has gained over the public board; negative for lost ones."""
        return None if self.public_rank is None else self.public_rank - self.private_rank

    @property
    def fallen(self) -> int:
        """How many ranks it has lost."""
        return max(-(self.climbed or 0), 0)


@dataclass(frozen=True)
class ShakeUp:
    """Some rows of a division, by private rank."""

    phase: Phase
    division: Division
    rows: Sequence[ShakeUpRow]
    next_cursor: str | None


def shake_up(
    *,
    competition: Competition,
    division_slug: str | None = None,
    phase_slug: str | None = None,
    cursor: str | None = None,
    limit: int = PAGE_ROWS,
    viewer: Viewer,
) -> ShakeUp:
    """How the ranks of a division, the tightest where none is named, changed in private.

    Raises BoardHidden while the private board is hidden, NotFound, InvalidInput.
    """
    division = divisions_get(competition=competition, slug=division_slug)[0]
    query = BoardQuery(
        phase=phase_slug,
        division=division.slug,
        split="private",
        cursor=cursor,
        limit=limit,
    )
    phase, (page,) = boards_page(competition=competition, query=query, viewer=viewer)
    public = {
        standing.team_id: standing
        for standing in Standing.objects.filter(
            board__phase=phase,
            board__division=page.division,
            board__split=Board.Split.PUBLIC,
            team__in=[row.team_id for row in page.rows],
        ).annotate(before=StandingsBefore(F("board_id"), F("place")))
    }
    rows = []
    for row in page.rows:
        standing = public.get(row.team_id)
        rows.append(
            ShakeUpRow(
                team_id=row.team_id,
                team=row.team,
                baseline=row.baseline,
                private_rank=row.rank,
                public_rank=None if standing is None else standing.before + 1,
                private_score=row.score_shown,
                public_score=None if standing is None else standing.score,
            )
        )
    return ShakeUp(phase=phase, division=page.division, rows=rows, next_cursor=page.next_cursor)
