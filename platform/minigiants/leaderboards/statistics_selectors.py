"""Reading what was computed of boards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from minigiants.leaderboards.models import Board
from minigiants.leaderboards.statistics.methods import METHOD_TITLES
from minigiants.leaderboards.statistics_models import (
    BestComparison,
    BoardStatistics,
    Evidence,
    StandingStatistics,
)


@dataclass(frozen=True)
class Certainty:
    """What noise allows to be said of a standing.

    `low` and `high` bound the 95 % interval of its score. `band` counts tie bands from 1;
    `lowest_rank` and `highest_rank` bound the ranks that no test excludes. Behind the leader, and
    behind the team above, it is that far, in the metric's unit, with an adjusted p-value; None for
    the leader itself. All but the interval is None beyond the teams that are compared.
    """

    low: float
    high: float
    band: int | None
    lowest_rank: int | None
    highest_rank: int | None
    behind_leader: float | None
    leader_p_value: float | None
    behind_next: float | None
    next_p_value: float | None


@dataclass(frozen=True)
class Method:
    """How a board's figures were computed. `is_current` says that nothing has changed since."""

    interval_method: str
    test_method: str
    examples: int
    resamples: int | None
    seed: int | None
    computed_at: datetime
    is_current: bool

    @property
    def interval_title(self) -> str:
        """What people call the method of the intervals."""
        return METHOD_TITLES[self.interval_method]

    @property
    def test_title(self) -> str:
        """What people call the test between pairs."""
        return METHOD_TITLES[self.test_method]


def certainties(
    *, boards: Iterable[UUID], submissions: Iterable[UUID]
) -> Mapping[tuple[UUID, UUID], Certainty]:
    """What is known of the standings of `submissions` on `boards`, by board and submission.

    One that is not there has no interval: its metric returns a number alone, or it is so new that
    nothing has been computed of it. One query.
    """
    rows = StandingStatistics.objects.filter(board__in=boards, submission_id__in=submissions)
    return {
        (row.board_id, row.submission_id): Certainty(
            low=row.low,
            high=row.high,
            band=row.band,
            lowest_rank=row.lowest_rank,
            highest_rank=row.highest_rank,
            behind_leader=row.behind_leader,
            leader_p_value=row.leader_p_value,
            behind_next=row.behind_next,
            next_p_value=row.next_p_value,
        )
        for row in rows
    }


def public_certainty(*, phase_id: UUID, division_id: UUID, submission_id: UUID) -> Certainty | None:
    """What is known of a submission's standing on the public board of its division, if it stands.

    One query.
    """
    boards = Board.objects.filter(
        phase=phase_id, division=division_id, split=Board.Split.PUBLIC
    ).values_list("pk", flat=True)
    found = certainties(boards=boards, submissions=[submission_id])
    return next(iter(found.values()), None)


def methods(*, boards: Iterable[UUID]) -> Mapping[UUID, Method]:
    """How the figures of `boards` were computed, of those that have any. One query."""
    rows = BoardStatistics.objects.filter(board__in=boards, computed_at__isnull=False)
    return {
        row.pk: Method(
            interval_method=row.interval_method,
            test_method=row.test_method,
            examples=row.examples,
            resamples=row.resamples,
            seed=row.seed,
            computed_at=row.computed_at,
            is_current=row.computed == row.changes,
        )
        for row in rows
        if row.examples is not None and row.computed_at is not None
    }


@dataclass(frozen=True)
class AgainstBest:
    """A submission against the best that its team had before it, in pairs.

    `difference` is in the metric's unit, positive where it is worse, with a 95 % interval.
    """

    submission_id: UUID
    best_submission_id: UUID
    difference: float
    low: float
    high: float
    p_value: float
    method: str
    examples: int


def against_best(*, submissions: Iterable[UUID]) -> Mapping[UUID, AgainstBest]:
    """How submissions compare to their team's best before them, of those compared. One query."""
    rows = BestComparison.objects.filter(evidence__submission_id__in=submissions).select_related(
        "evidence"
    )
    return {
        row.evidence.submission_id: AgainstBest(
            submission_id=row.evidence.submission_id,
            best_submission_id=row.best_submission_id,
            difference=row.difference,
            low=row.low,
            high=row.high,
            p_value=row.p_value,
            method=row.method,
            examples=row.examples,
        )
        for row in rows
    }


def held_back(*, submissions: Iterable[UUID]) -> frozenset[UUID]:
    """Those whose own score the Ladder has not released. One query."""
    rows = Evidence.objects.filter(submission_id__in=submissions, is_released=False)
    return frozenset(rows.values_list("submission_id", flat=True))
