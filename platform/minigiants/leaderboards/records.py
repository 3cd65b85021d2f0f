"""The history of a division's records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, Max, OuterRef

from minigiants.competitions.models import Competition, Division
from minigiants.competitions.selectors import current_version, test_set_of
from minigiants.leaderboards.models import Entry
from minigiants.leaderboards.selectors import divisions_get
from minigiants.leaderboards.statistics.methods import METHOD_TITLES
from minigiants.leaderboards.statistics_models import Challenge


@dataclass(frozen=True)
class Evidenced:
    """What a record's test found.

    `difference` to the record before is in the metric's unit, negative where it is better;
    `p_value` is one-sided, `alpha` what the challenger might spend. `resamples` and `seed` are
    None where nothing was drawn.
    """

    difference: float
    p_value: float
    alpha: float
    method: str
    examples: int
    resamples: int | None
    seed: int | None

    @property
    def gain(self) -> float:
        """How much better it is, in the metric's unit."""
        return -self.difference

    @property
    def method_title(self) -> str:
        """What people call the method."""
        return METHOD_TITLES[self.method]


@dataclass(frozen=True)
class Record:
    """A record: who set it, when, and by what evidence. The first of all needed none.

    `challenger` is its number among all challengers, from 0.
    """

    team: str
    baseline: bool
    score: float
    score_shown: str
    achieved_at: datetime
    challenger: int
    evidence: Evidenced | None


@dataclass(frozen=True)
class RecordHistory:
    """A division's records, the earliest first.

    `challengers` have spent `spent` of `level`, the probability of any false record.
    """

    division: Division
    level: float
    challengers: int
    spent: float
    records: Sequence[Record]


def record_histories(
    *, competition: Competition, division_slug: str | None = None
) -> list[RecordHistory]:
    """The records on the present test set, of one division or of each. Raises NotFound.

    What was taken from a board by a disqualification is no record.
    """
    version = current_version(competition)
    spec = version.spec
    divisions = divisions_get(competition=competition, slug=division_slug)
    challenges = Challenge.objects.filter(division__in=divisions, test_set=test_set_of(version))
    last = dict(challenges.values_list("division").annotate(last=Max("number")).order_by())
    struck = Entry.objects.filter(
        submission_id=OuterRef("evidence__submission_id"), is_disqualified=True
    )
    records: dict[UUID, list[Record]] = {division.pk: [] for division in divisions}
    rows = (
        challenges.filter(is_record=True, evidence__team__disqualified_at__isnull=True)
        .exclude(Exists(struck))
        .select_related("evidence__team", "record__evidence")
        .order_by("number")
    )
    for row in rows:
        records[row.division_id].append(
            _record(row, spec.ranking_metric.decimals, is_ladder=spec.release.is_ladder)
        )
    return [
        RecordHistory(
            division=division,
            level=spec.records.alpha,
            challengers=last.get(division.pk, 0),
            # The shares level / (k (k + 1)) of k challengers add up to this.
            spent=spec.records.alpha * (1 - 1 / (last.get(division.pk, 0) + 1)),
            records=records[division.pk],
        )
        for division in divisions
    ]


def _record(row: Challenge, decimals: int, *, is_ladder: bool) -> Record:
    evidence = row.evidence
    return Record(
        team=evidence.team.name,
        baseline=evidence.team.is_baseline,
        score=evidence.score,
        score_shown=f"{evidence.score:.{decimals}f}",
        achieved_at=evidence.achieved_at,
        challenger=row.number,
        evidence=_evidenced(row, is_ladder=is_ladder),
    )


def _evidenced(row: Challenge, *, is_ladder: bool) -> Evidenced | None:
    if row.difference is None or row.p_value is None or row.record is None:
        return None
    difference, p_value = row.difference, row.p_value
    if is_ladder:
        # No finer than what the released scores tell.
        size = abs(row.evidence.score - row.record.evidence.score)
        difference, p_value = -size, float(f"{p_value:.0e}")
    return Evidenced(
        difference=difference,
        p_value=p_value,
        alpha=row.alpha,
        method=row.method,
        examples=row.examples or 0,
        resamples=row.resamples,
        seed=row.seed,
    )
