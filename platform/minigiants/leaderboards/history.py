"""Scores over time: of a division's best, and of each team's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.competitions.selectors import spec_of
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.models import Board, Entry
from minigiants.leaderboards.selectors import boards_get, divisions_get, phase_get

SPARK_POINTS: Final = 12
MAX_TEAMS: Final = 8
"""As many lines as can be told apart."""


@dataclass(frozen=True)
class Step:
    """A score that was better than all before it."""

    at: datetime
    score: float
    score_shown: str
    team: str
    team_id: UUID
    submission_id: UUID


@dataclass(frozen=True)
class DivisionHistory:
    """How the best of a division, and of some of its teams, came about."""

    division: Division
    best: Sequence[Step]
    teams: Mapping[UUID, Sequence[Step]]


@dataclass(frozen=True)
class History:
    """The histories of a phase's boards, by division."""

    phase: Phase
    split: str
    divisions: Sequence[DivisionHistory]


def history_view(
    *,
    competition: Competition,
    phase_slug: str | None = None,
    division_slug: str | None = None,
    split: str = Board.Split.PUBLIC,
    teams: Sequence[UUID] = (),
    viewer: Viewer,
) -> History:
    """How scores have risen in a phase. Three queries, and one for the teams.

    Raises NotFound, BoardHidden, and InvalidInput for too many teams.
    """
    if len(teams) > MAX_TEAMS:
        raise InvalidInput(f"At most {MAX_TEAMS} teams can be shown at once.")
    phase = phase_get(competition=competition, slug=phase_slug)
    divisions = divisions_get(competition=competition, slug=division_slug)
    boards = boards_get(phase=phase, split=split, viewer=viewer)
    wanted = [boards[division.pk].pk for division in divisions if division.pk in boards]
    decimals = spec_of(competition).ranking_metric.decimals
    led = Entry.objects.filter(board__in=wanted, led=True, team__disqualified_at__isnull=True)
    best = _by_board(led)
    improved = Entry.objects.filter(
        board__in=wanted, improved=True, team__in=teams, team__disqualified_at__isnull=True
    )
    chosen = _by_board(improved) if teams else {}
    return History(
        phase=phase,
        split=split,
        divisions=[
            _division(division, boards.get(division.pk), best, chosen, decimals)
            for division in divisions
        ],
    )


def _by_board(entries: QuerySet[Entry]) -> dict[UUID, list[Entry]]:
    found: dict[UUID, list[Entry]] = {}
    for entry in entries.select_related("team").order_by("achieved_at", "submission_id"):
        found.setdefault(entry.board_id, []).append(entry)
    return found


def _division(
    division: Division,
    board: Board | None,
    best: Mapping[UUID, Sequence[Entry]],
    chosen: Mapping[UUID, Sequence[Entry]],
    decimals: int,
) -> DivisionHistory:
    if board is None:
        return DivisionHistory(division, (), {})
    teams: dict[UUID, list[Entry]] = {}
    for entry in chosen.get(board.pk, ()):
        teams.setdefault(entry.team_id, []).append(entry)
    return DivisionHistory(
        division=division,
        best=_rising(best.get(board.pk, ()), decimals),
        teams={team_id: _rising(entries, decimals) for team_id, entries in teams.items()},
    )


def _rising(entries: Iterable[Entry], decimals: int) -> list[Step]:
    """Each that is better than all before it. An entry may have been scored before one that was
    handed in earlier, and then have led for a time to which it does not belong.
    """
    steps: list[Step] = []
    best = float("inf")
    for entry in entries:
        if entry.ranking_key >= best:
            continue
        best = entry.ranking_key
        steps.append(
            Step(
                at=entry.achieved_at,
                score=entry.score,
                score_shown=f"{entry.score:.{decimals}f}",
                team=entry.team.name,
                team_id=entry.team_id,
                submission_id=entry.submission_id,
            )
        )
    return steps


def sparklines(
    *, boards: Iterable[UUID], teams: Iterable[UUID]
) -> Mapping[tuple[UUID, UUID], Sequence[float]]:
    """The last scores by which each team improved, by board and team, the earliest first.

    One query. Who may see the boards is for the caller to have asked.
    """
    ranked = (
        Entry.objects.filter(board__in=list(boards), team__in=list(teams), improved=True)
        .annotate(
            back=Window(
                RowNumber(),
                partition_by=[F("board"), F("team")],
                order_by=[F("achieved_at").desc(), F("submission_id").desc()],
            )
        )
        .filter(back__lte=SPARK_POINTS)
        .order_by("achieved_at", "submission_id")
        .values_list("board", "team", "score")
    )
    found: dict[tuple[UUID, UUID], list[float]] = {}
    for board_id, team_id, score in ranked:
        found.setdefault((board_id, team_id), []).append(score)
    return found
