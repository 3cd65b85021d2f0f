"""Computing what noise allows to be said of a board, and keeping it. Off the request path."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
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
INTERVALS_AT_ONCE: Final = 1000
"""How many of the other teams get their interval in one go."""
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
    """Compute a board's figures and store them, unless newer ones are there. Returns whether.

    Of the teams beyond those that are compared each gets its interval once; where many wait for
    theirs, the board stays due.
    """
    row = BoardStatistics.objects.filter(pk=board_id).first()
    if row is None:
        return False
    # Read before the standings: these are at least as new as the count they are stored under.
    version = row.changes
    board = Board.objects.select_related("competition__current_version").get(pk=board_id)
    spec = current_version(board.competition).spec
    test_set = test_set_of(current_version(board.competition))
    on_it = Standing.objects.filter(board=board).order_by("place")
    standings = list(on_it[:TEAMS_COMPARED])
    told, rows = _computed(board, spec, test_set, standings)
    told.test_set = test_set
    others = list[StandingStatistics]()
    is_whole = True
    if rows and len(standings) == TEAMS_COMPARED:
        beyond = on_it.filter(place__gt=standings[-1].place)
        waiting = list(_without_interval(board, row, beyond, test_set)[: INTERVALS_AT_ONCE + 1])
        others = _intervals(board, spec, test_set, waiting[:INTERVALS_AT_ONCE])
        is_whole = len(waiting) <= INTERVALS_AT_ONCE or not others
    return statistics_store(
        board_id=board_id, version=version, told=told, rows=rows, others=others, is_whole=is_whole
    )


@transaction.atomic
def statistics_store(
    *,
    board_id: UUID,
    version: int,
    told: BoardStatistics,
    rows: Sequence[StandingStatistics],
    others: Sequence[StandingStatistics] = (),
    is_whole: bool = True,
) -> bool:
    """Store what was computed of a board when it had changed `version` times. Returns whether.

    `rows` are of the teams that are compared and replace what was told of any, `others` are
    intervals that others lacked. A computation that took long never replaces one of a later state.
    """
    row = BoardStatistics.objects.select_for_update().filter(pk=board_id).first()
    if row is None or row.computed > version:
        return False
    _forget(row, told, rows)
    StandingStatistics.objects.bulk_create(rows)
    StandingStatistics.objects.bulk_create(others, ignore_conflicts=True)
    told.pk = board_id
    told.changes, told.computed = row.changes, version
    if not is_whole:
        told.changes = max(row.changes, version + 1)
    told.computed_at, told.asked_at = timezone.now(), None
    told.save(
        update_fields=[
            "changes",
            "computed",
            "computed_at",
            "asked_at",
            "interval_method",
            "test_method",
            "examples",
            "resamples",
            "seed",
            "test_set",
        ]
    )
    return True


def _forget(
    before: BoardStatistics, told: BoardStatistics, rows: Sequence[StandingStatistics]
) -> None:
    """Remove what is told anew, and what speaks of another test set or stands no more."""
    stored = StandingStatistics.objects.filter(board=before.pk)
    if not rows or before.test_set != told.test_set:
        stored.delete()
        return
    stands = Standing.objects.filter(board=before.pk, submission_id=OuterRef("submission_id"))
    stored.filter(
        Q(band__isnull=False)
        | Q(submission_id__in=[row.submission_id for row in rows])
        | ~Exists(stands)
    ).delete()


def _without_interval(
    board: Board, before: BoardStatistics, standings: QuerySet[Standing], test_set: str
) -> QuerySet[Standing]:
    """Those that could have an interval by themselves, and have none on this test set."""
    submission = OuterRef("submission_id")
    losses = Evidence.objects.filter(
        submission_id=submission, test_set=test_set, is_released=True
    ).exclude(losses_digest="")
    found = standings.filter(Exists(losses))
    if before.test_set != test_set:
        return found
    known = StandingStatistics.objects.filter(
        board=board, submission_id=submission, band__isnull=True
    )
    return found.exclude(Exists(known))


def _intervals(
    board: Board, spec: PackSpec, test_set: str, standings: Sequence[Standing]
) -> list[StandingStatistics]:
    """The intervals of standings that are compared with nobody."""
    from minigiants.leaderboards.losses import compared
    from minigiants.leaderboards.statistics.figures import bounds_of
    from minigiants.leaderboards.statistics.resampling import seed_of

    evidence, scores = _evidence(test_set, standings)
    with compared(evidence, Split(board.split), scores) as comparable:
        if comparable is None:
            return []
        lows, highs = bounds_of(comparable.found, seed=seed_of("board", board.pk))
        grain = _grain(board, spec, comparable.found.examples)
        return [
            _interval(board, each.submission_id, float(low), float(high), grain)
            for each, low, high in zip(comparable.evidence, lows, highs, strict=True)
        ]


def _evidence(
    test_set: str, standings: Sequence[Standing]
) -> tuple[list[Evidence], dict[int, float]]:
    """What the standings' submissions left, in their order, and the scores by its keys."""
    known = {
        each.submission_id: each
        for each in Evidence.objects.filter(
            submission_id__in=[standing.submission_id for standing in standings],
            test_set=test_set,
            is_released=True,
        )
    }
    ordered = [(standing, known.get(standing.submission_id)) for standing in standings]
    evidence = [each for _, each in ordered if each is not None]
    return evidence, {each.pk: standing.score for standing, each in ordered if each is not None}


def _grain(board: Board, spec: PackSpec, examples: int) -> float | None:
    if board.split != Board.Split.PUBLIC:
        return None
    return resolution_of(spec.release, examples=examples)


def _interval(
    board: Board, submission_id: UUID, low: float, high: float, grain: float | None
) -> StandingStatistics:
    return StandingStatistics(
        board=board,
        submission_id=submission_id,
        low=low if grain is None else outwards(low, grain, up=False),
        high=high if grain is None else outwards(high, grain, up=True),
    )


def _computed(
    board: Board, spec: PackSpec, test_set: str, standings: Sequence[Standing]
) -> tuple[BoardStatistics, list[StandingStatistics]]:
    # NumPy and SciPy are loaded where figures are computed, not when a web process starts.
    from minigiants.leaderboards.losses import compared
    from minigiants.leaderboards.statistics.figures import Figures, figures_of
    from minigiants.leaderboards.statistics.resampling import seed_of

    evidence, scores = _evidence(test_set, standings)
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
    grain = _grain(board, spec, found.examples)
    rows = []
    for place, submission_id in enumerate(submissions):
        row = _interval(
            board, submission_id, float(found.low[place]), float(found.high[place]), grain
        )
        row.band = int(found.order.bands[place])
        row.lowest_rank = int(found.order.lowest[place])
        row.highest_rank = int(found.order.highest[place])
        # Under the Ladder a difference finer than the scores would tell what these keep back.
        if place and grain is None:
            row.behind_leader = float(found.differences[0, place])
            row.leader_p_value = float(found.p_values[0, place])
            row.behind_next = float(found.differences[place - 1, place])
            row.next_p_value = float(found.p_values[place - 1, place])
        rows.append(row)
    return told, rows
