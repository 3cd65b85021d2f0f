"""Where teams stand on the boards that everybody may see, for people's pages."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import visible_competitions
from minigiants.leaderboards.database import StandingsBefore
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.policies import phases_revealed
from minigiants.teams.models import Team


@dataclass(frozen=True)
class PublicRank:
    """A team's rank on a board. `is_final`: on the private one, which has been revealed."""

    team: Team
    competition: Competition
    phase: Phase
    division: Division
    rank: int
    is_final: bool
    achieved_at: datetime


def public_ranks(teams: QuerySet[Team]) -> list[PublicRank]:
    """The ranks of `teams` in public competitions, the latest first.

    Of a revealed phase the final rank is told, of others the one on the public board.
    """
    rows = (
        Standing.objects.filter(
            team__in=teams, board__competition__in=visible_competitions(user=None)
        )
        .select_related("team", "board__competition", "board__phase", "board__division")
        .annotate(before=StandingsBefore(F("board_id"), F("place")))
        .order_by("-achieved_at")
    )
    found = list(rows)
    boards = {row.board_id: row.board for row in found}
    revealed = phases_revealed(boards.values())
    return [
        PublicRank(
            team=row.team,
            competition=row.board.competition,
            phase=row.board.phase,
            division=row.board.division,
            rank=row.before + 1,
            is_final=row.board.split == Board.Split.PRIVATE,
            achieved_at=row.achieved_at,
        )
        for row in found
        if (row.board.split == Board.Split.PRIVATE) == (row.board.phase_id in revealed)
    ]
