"""What a score costs: which models nobody beats with as little, and which may yet be among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from minigiants.competitions.models import Competition, Division, Phase
from minigiants.competitions.policies import Viewer
from minigiants.competitions.selectors import spec_of
from minigiants.core.problems import InvalidInput
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.selectors import boards_get, divisions_get, phase_get
from minigiants.leaderboards.statistics_selectors import Certainty, certainties

POINTS: Final = 300
"""How many of the best are shown, besides the front and the baselines."""


@dataclass(frozen=True)
class Axis:
    """A cost. Less of it is better."""

    title: str
    column: str
    unit: str


AXES: Final[Mapping[str, Axis]] = {
    "parameters": Axis("Parameters", "parameters", ""),
    "bits": Axis("Tensor bits", "tensor_bits", "bits"),
    "memory": Axis("Peak memory", "peak_memory_bytes", "bytes"),
    "latency": Axis("Latency", "latency_seconds", "seconds"),
}


class Dominance(StrEnum):
    """How a model stands to the front."""

    FRONT = "front"
    """No other model has a better score at no greater cost."""
    AMBIGUOUS = "ambiguous"
    """One has, but the interval of its score reaches that one's."""
    DOMINATED = "dominated"
    """One has."""


@dataclass(frozen=True)
class ParetoPoint:
    """A standing between its cost and its score; `low` and `high` bound the score's interval."""

    team_id: UUID
    team: str
    baseline: bool
    submission_id: UUID
    division: Division
    cost: float
    score: float
    score_shown: str
    low: float | None
    high: float | None
    dominance: Dominance


@dataclass(frozen=True)
class ParetoView:
    """The points of a phase, the cheapest first. `left_out` says how many are not shown."""

    phase: Phase
    axis: str
    split: str
    higher_is_better: bool
    points: Sequence[ParetoPoint]
    left_out: int


def pareto_view(
    *,
    competition: Competition,
    phase_slug: str | None = None,
    division_slug: str | None = None,
    axis: str = "parameters",
    split: str = Board.Split.PUBLIC,
    viewer: Viewer,
) -> ParetoView:
    """The models of a phase, of all divisions or of one, by score and by `axis`.

    Raises NotFound, BoardHidden, and InvalidInput for an axis that does not exist.
    """
    if axis not in AXES:
        raise InvalidInput(
            f"There is no axis {axis[:40]!r}.", mend=f"Take one of: {', '.join(AXES)}."
        )
    phase = phase_get(competition=competition, slug=phase_slug)
    divisions = divisions_get(competition=competition, slug=division_slug)
    boards = boards_get(phase=phase, split=split, viewer=viewer)
    wanted = [boards[division.pk].pk for division in divisions if division.pk in boards]
    metric = spec_of(competition).ranking_metric
    column = AXES[axis].column
    rows = Standing.objects.filter(board__in=wanted, **{f"{column}__isnull": False})
    front = _front(wanted, column)
    shown = _shown(rows, front)
    known = certainties(boards=wanted, submissions=[row.submission_id for row in shown])
    costed = sorted(shown, key=lambda row: (getattr(row, column), bytes(row.place)))
    points = []
    best: float | None = None
    for row in costed:
        certainty = known.get((row.board_id, row.submission_id))
        if row.submission_id in front:
            best, kind = row.score, Dominance.FRONT
        else:
            kind = _off_the_front(certainty, best, higher_is_better=metric.higher_is_better)
        points.append(_point(row, column, kind, certainty, metric.decimals))
    total = rows.values("submission_id").distinct().count()
    return ParetoView(
        phase=phase,
        axis=axis,
        split=split,
        higher_is_better=metric.higher_is_better,
        points=points,
        left_out=total - len(points),
    )


def _front(boards: Sequence[UUID], column: str) -> set[UUID]:
    """The submissions before which, from the cheapest on, nobody scored as well.

    One pass over the standings of the phase in the order of their cost.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT submission_id FROM (
                SELECT submission_id, ranking_key, min(ranking_key) OVER (
                    ORDER BY {column}, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS best
                FROM leaderboards_standing
                WHERE board_id = ANY(%s) AND {column} IS NOT NULL
            ) swept
            WHERE best IS NULL OR ranking_key < best
            """,  # noqa: S608  (one of our own column names)
            [list(boards)],
        )
        return {submission_id for (submission_id,) in cursor.fetchall()}


def _shown(rows: QuerySet[Standing], front: set[UUID]) -> list[Standing]:
    best = rows.order_by("place").values("pk")[:POINTS]
    found = rows.filter(
        Q(pk__in=best) | Q(submission_id__in=front) | Q(team__is_baseline=True)
    ).select_related("team", "division")
    # A model that stands in a wider division too is one point.
    return list({standing.submission_id: standing for standing in found}.values())


def _off_the_front(
    certainty: Certainty | None, best: float | None, *, higher_is_better: bool
) -> Dominance:
    """Whether the interval of a score reaches the `best` that is to be had for as little."""
    if certainty is None or best is None:
        return Dominance.DOMINATED
    reaches = certainty.high >= best if higher_is_better else certainty.low <= best
    return Dominance.AMBIGUOUS if reaches else Dominance.DOMINATED


def _point(
    standing: Standing,
    column: str,
    dominance: Dominance,
    certainty: Certainty | None,
    decimals: int,
) -> ParetoPoint:
    return ParetoPoint(
        team_id=standing.team_id,
        team=standing.team.name,
        baseline=standing.team.is_baseline,
        submission_id=standing.submission_id,
        division=standing.division,
        cost=float(getattr(standing, column)),
        score=standing.score,
        score_shown=f"{standing.score:.{decimals}f}",
        low=None if certainty is None else certainty.low,
        high=None if certainty is None else certainty.high,
        dominance=dominance,
    )
