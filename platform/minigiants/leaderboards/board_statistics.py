"""Computing what noise allows to be said of a board, and keeping it. Off the request path."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from evaluator.contract import Split
from minigiants.competitions.pack import PackSpec
from minigiants.competitions.selectors import current_version, test_set_of
from minigiants.leaderboards.models import Board, Standing
from minigiants.leaderboards.releases import outwards, resolution_of
from minigiants.leaderboards.statistics_models import (
    BoardStatistics,
    Evidence,
    StandingStatistics,
)

COMPUTE_TASK: Final = "leaderboards.compute_statistics"
TEAMS_COMPARED: Final = 1000
"""How many teams of a board are compared, from the first: all pairs of them are tested."""
ASKED_AGAIN_AFTER: Final = timedelta(minutes=10)
"""When a worker that was asked is taken for lost."""


def statistics_ask() -> list[UUID]:
    """The boards whose figures lie behind and that nobody was asked for: they count as asked now.

    However much happens to a board, it is asked for once until its figures are stored.
    """
    now = timezone.now()
    due = BoardStatistics.objects.filter(
        Q(asked_at__isnull=True) | Q(asked_at__lt=now - ASKED_AGAIN_AFTER),
        changes__gt=F("computed"),
    )
    return [
        board
        for board, asked_at in due.values_list("pk", "asked_at")
        if BoardStatistics.objects.filter(pk=board, asked_at=asked_at).update(asked_at=now)
    ]


def statistics_compute(*, board_id: UUID) -> bool:
    """Compute a board's figures and store them, unless newer ones are there. Returns whether."""
    row = BoardStatistics.objects.filter(pk=board_id).first()
    if row is None:
        return False
    # Read before the standings: these are at least as new as the count they are stored under.
    version = row.changes
    board = Board.objects.select_related("competition__current_version").get(pk=board_id)
    spec = current_version(board.competition).spec
    standings = list(Standing.objects.filter(board=board).order_by("place")[:TEAMS_COMPARED])
    told, rows = _computed(board, spec, standings)
    return statistics_store(board_id=board_id, version=version, told=told, rows=rows)


@transaction.atomic
def statistics_store(
    *, board_id: UUID, version: int, told: BoardStatistics, rows: Sequence[StandingStatistics]
) -> bool:
    """Store what was computed of a board when it had changed `version` times. Returns whether.

    A computation that took long never replaces one of a later state.
    """
    row = BoardStatistics.objects.select_for_update().filter(pk=board_id).first()
    if row is None or row.computed > version:
        return False
    StandingStatistics.objects.filter(board=board_id).delete()
    StandingStatistics.objects.bulk_create(rows)
    told.pk = board_id
    told.changes, told.computed = row.changes, version
    told.computed_at, told.asked_at = timezone.now(), None
    told.save(
        update_fields=[
            "computed",
            "computed_at",
            "asked_at",
            "interval_method",
            "test_method",
            "examples",
            "resamples",
            "seed",
        ]
    )
    return True


def _computed(
    board: Board, spec: PackSpec, standings: Sequence[Standing]
) -> tuple[BoardStatistics, list[StandingStatistics]]:
    # NumPy and SciPy are loaded where figures are computed, not when a web process starts.
    from minigiants.leaderboards.losses import compared
    from minigiants.leaderboards.statistics.figures import Figures, figures_of
    from minigiants.leaderboards.statistics.resampling import seed_of

    known = {
        each.submission_id: each
        for each in Evidence.objects.filter(
            submission_id__in=[standing.submission_id for standing in standings],
            test_set=test_set_of(current_version(board.competition)),
            is_released=True,
        )
    }
    ordered = [(standing, known.get(standing.submission_id)) for standing in standings]
    evidence = [each for _, each in ordered if each is not None]
    scores = {each.pk: standing.score for standing, each in ordered if each is not None}
    metric = spec.ranking_metric
    nothing = BoardStatistics(), list[StandingStatistics]()
    with compared(evidence, Split(board.split), scores) as comparable:
        if comparable is None or comparable.found.examples < 2:
            return nothing
        found: Figures = figures_of(
            comparable.found,
            higher_is_better=metric.higher_is_better,
            seed=seed_of("board", board.pk),
        )
        submissions = [each.submission_id for each in comparable.evidence]
    told = BoardStatistics(
        interval_method=found.interval_method,
        test_method=found.test_method,
        examples=found.examples,
        resamples=found.resamples,
        seed=found.seed,
    )
    grain = None
    if board.split == Board.Split.PUBLIC:
        grain = resolution_of(spec.release, examples=found.examples)
    rows = []
    for place, submission_id in enumerate(submissions):
        low, high = float(found.low[place]), float(found.high[place])
        row = StandingStatistics(
            board=board,
            submission_id=submission_id,
            low=low if grain is None else outwards(low, grain, up=False),
            high=high if grain is None else outwards(high, grain, up=True),
            band=int(found.order.bands[place]),
            lowest_rank=int(found.order.lowest[place]),
            highest_rank=int(found.order.highest[place]),
        )
        # Under the Ladder a difference finer than the scores would tell what these keep back.
        if place and grain is None:
            row.behind_leader = float(found.differences[0, place])
            row.leader_p_value = float(found.p_values[0, place])
            row.behind_next = float(found.differences[place - 1, place])
            row.next_p_value = float(found.p_values[place - 1, place])
        rows.append(row)
    return told, rows
