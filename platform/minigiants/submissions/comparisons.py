"""How a submission compares to its team's best, as its team may see it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from minigiants.leaderboards.statistics.methods import METHOD_TITLES
from minigiants.leaderboards.statistics_selectors import AgainstBest, against_best, held_back
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission

SIGNIFICANT: Final = 0.05
"""The level at which one comparison, looked at by itself, is called significant."""


@dataclass(frozen=True)
class ShownComparison:
    """A submission against its team's best before it, on the public split, in pairs.

    `difference` is in the metric's unit, positive where it is worse, and lies between `low` and
    `high` with 95 % confidence. `shown` says it in words.
    """

    best_submission: UUID
    difference: float
    low: float
    high: float
    p_value: float
    method: str
    examples: int
    verdict: Literal["better", "worse", "not_significant"]
    shown: str


@dataclass(frozen=True)
class Comparisons:
    """What is known of some submissions: those that are compared, and those held back."""

    against_best: Mapping[UUID, ShownComparison]
    held_back: frozenset[UUID]


def comparisons_of(submissions: Iterable[Submission]) -> Comparisons:
    """What is known of `submissions`. At most a query for each rule of release among them."""
    scored = [each for each in submissions if each.status == Status.SCORED]
    decimals = {
        each.pk: each.pack_version.spec.ranking_metric.decimals
        for each in scored
        if not each.pack_version.spec.release.is_ladder
    }
    on_ladder = [each.pk for each in scored if each.pk not in decimals]
    found = against_best(submissions=decimals) if decimals else {}
    return Comparisons(
        against_best={pk: _shown(each, decimals[pk]) for pk, each in found.items()},
        held_back=held_back(submissions=on_ladder) if on_ladder else frozenset(),
    )


def _shown(found: AgainstBest, decimals: int) -> ShownComparison:
    def told(value: float) -> str:
        return f"{abs(value):.{decimals}f} {'better' if value < 0 else 'worse'}"

    verdict: Literal["better", "worse", "not_significant"] = "not_significant"
    if found.p_value <= SIGNIFICANT:
        verdict = "better" if found.difference < 0 else "worse"
    return ShownComparison(
        best_submission=found.best_submission_id,
        difference=found.difference,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        method=found.method,
        examples=found.examples,
        verdict=verdict,
        shown=(
            f"{told(found.difference)}; with 95 % confidence between {told(found.high)} and "
            f"{told(found.low)} (p = {found.p_value:.2g}, {METHOD_TITLES[found.method]}, "
            f"{found.examples:,} examples)"
        ),
    )
