"""Reading boards: which there are, who may see them, and where a team stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Value, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.core.problems import NotFound
from minigiants.leaderboards.database import StandingsBefore
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.policies import (
    is_revealed,
    may_see_hidden,
    phases_revealed,
    revealed_by_timeline,
)
from minigiants.leaderboards.problems import BoardHidden

PAST_THE_END = b"\xff\xff"
"""Greater than every place."""


def phase_get(*, competition: Competition, slug: str | None) -> Phase:
    """The phase called `slug`; without one, the latest that has opened. Raises NotFound."""
    phases = list(competition.phases.order_by("position"))
    if slug is not None:
        phases = [phase for phase in phases if phase.slug == slug]
    if not phases:
        raise NotFound("There is no such phase.")
    opened = [phase for phase in phases if phase.opens_at <= timezone.now()]
    return opened[-1] if opened else phases[0]


def divisions_get(*, competition: Competition, slug: str | None) -> list[Division]:
    """The division called `slug`, or all from the tightest to the widest. Raises NotFound."""
    divisions = list(competition.divisions.order_by("position"))
    if slug is not None:
        divisions = [division for division in divisions if division.slug == slug]
        if not divisions:
            raise NotFound("There is no such division.")
    return divisions


def require_visible(*, phase: Phase, split: str, viewer: Viewer) -> None:
    """Raise BoardHidden where `viewer` may not see the boards of this split yet.

    The answer is the same whether there is anything on them or not.
    """
    if split == Board.Split.PUBLIC or is_revealed(phase=phase):
        return
    if not may_see_hidden(user=viewer, competition=phase.competition):
        raise BoardHidden(f"The private boards of {phase.title} are hidden.")


def boards_get(*, phase: Phase, split: str, viewer: Viewer) -> Mapping[UUID, Board]:
    """The boards of a phase and split by division, each with its number of `teams`.

    Raises BoardHidden.
    """
    require_visible(phase=phase, split=split, viewer=viewer)
    boards = Board.objects.filter(phase=phase, split=split).annotate(
        teams=StandingsBefore(F("pk"), Value(PAST_THE_END))
    )
    return {board.division_id: board for board in boards}


@dataclass(frozen=True)
class PrivateBoard:
    """What hosts should know of a private board: whether its standings move."""

    division: Division
    frozen_at: datetime | None


@dataclass(frozen=True)
class PhaseBoards:
    """The private boards of a phase, and whether everybody sees them."""

    phase: Phase
    is_revealed: bool
    boards: list[PrivateBoard]


def private_boards(*, competition: Competition) -> list[PhaseBoards]:
    """The private boards of each phase, for hosts; those on which nothing stands yet as well."""
    divisions = divisions_get(competition=competition, slug=None)
    private = Board.objects.filter(competition=competition, split=Board.Split.PRIVATE)
    boards = list(private.select_related("phase"))
    by_boards = phases_revealed(boards)
    known = {(board.phase_id, board.division_id): board for board in boards}
    now = timezone.now()
    found = []
    for phase in competition.phases.order_by("position"):
        own = [known.get((phase.pk, division.pk)) for division in divisions]
        found.append(
            PhaseBoards(
                phase=phase,
                is_revealed=phase.pk in by_boards or revealed_by_timeline(phase=phase, now=now),
                boards=[
                    PrivateBoard(division, board.frozen_at if board else None)
                    for division, board in zip(divisions, own, strict=True)
                ],
            )
        )
    return found


def rank_of(*, phase: Phase, division: Division, team_id: UUID) -> int | None:
    """The team's rank on the public board of a phase and division, None where it has none."""
    before = (
        Standing.objects.filter(
            board__phase=phase,
            board__division=division,
            board__split=Board.Split.PUBLIC,
            team_id=team_id,
        )
        .annotate(before=StandingsBefore(F("board_id"), F("place")))
        .values_list("before", flat=True)
        .first()
    )
    return None if before is None else before + 1


def ranks_of(*, phase: Phase, split: str, viewer: Viewer, team_id: UUID) -> Mapping[UUID, int]:
    """The team's rank on each board of a phase and split, by division. Raises BoardHidden."""
    require_visible(phase=phase, split=split, viewer=viewer)
    rows = (
        Standing.objects.filter(board__phase=phase, board__split=split, team_id=team_id)
        .annotate(before=StandingsBefore(F("board_id"), F("place")))
        .values_list("board__division_id", "before")
    )
    return {division_id: before + 1 for division_id, before in rows}


@dataclass(frozen=True)
class Ranking:
    """Where a team stands on a board, by names: what can be kept and shown later. Ranks from 1."""

    phase: str
    division: str
    split: str
    team: str
    rank: int
    score: float


def rankings(*, competition: Competition) -> list[Ranking]:
    """Every standing of every board of a competition, in order."""
    rank = Window(RowNumber(), partition_by="board", order_by="place")
    standings = (
        Standing.objects.filter(board__competition=competition)
        .select_related("board__phase", "board__division", "team")
        .annotate(rank=rank)
        .order_by("board__phase__position", "board__division__position", "-board__split", "place")
    )
    return [
        Ranking(
            phase=standing.board.phase.slug,
            division=standing.board.division.slug,
            split=standing.board.split,
            team=standing.team.name,
            rank=standing.rank,
            score=standing.score,
        )
        for standing in standings
    ]
