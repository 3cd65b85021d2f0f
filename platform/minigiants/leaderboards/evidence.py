"""Keeping what scored submissions are compared by, and comparing each once: with its team's best
before it, and with the record of its division. The comparing is off the request path.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evaluator.contract import Split
from minigiants.competitions.models import Division
from minigiants.competitions.selectors import spec_of
from minigiants.leaderboards.models import Entry
from minigiants.leaderboards.releases import Released, Scored
from minigiants.leaderboards.statistics_models import BestComparison, Challenge, Evidence
from minigiants.teams.models import Team

if TYPE_CHECKING:
    from minigiants.leaderboards.statistics.figures import Comparison

COMPARE_TASK: Final = "leaderboards.compare_evidence"


def evidence_record(
    *, scored: Scored, released: Released, achieved_at: datetime, is_late: bool
) -> None:
    """Keep what a submission left, or left anew. Runs in the transaction that records its score."""
    evidence = Evidence(
        submission_id=scored.submission_id,
        team=scored.team,
        phase=scored.phase,
        division=scored.division,
        test_set=scored.test_set,
        losses_digest=scored.losses_digest,
        score=released.score,
        is_released=released.is_released,
        is_late=is_late,
        achieved_at=achieved_at,
    )
    Evidence.objects.bulk_create(
        [evidence],
        update_conflicts=True,
        unique_fields=["submission_id"],
        update_fields=[
            "test_set",
            "losses_digest",
            "score",
            "is_released",
            "is_late",
            "compared_at",
        ],
    )


def evidence_join(*, team: Team, other: Team) -> None:
    """Let what `other` left be `team`'s, with which it merges: from now on they climb together."""
    Evidence.objects.filter(team=other).update(team=team)


def divisions_waiting() -> list[UUID]:
    """The divisions in which submissions wait to be compared."""
    waiting = Evidence.objects.filter(compared_at__isnull=True)
    return list(waiting.values_list("division_id", flat=True).distinct().order_by())


def evidence_compare(*, division_id: UUID) -> int:
    """Compare the submissions of a division that wait, as they were scored. Returns how many.

    Whoever finds the division at work leaves it to those who work there.
    """
    compared = 0
    while _compare_next(division_id):
        compared += 1
    return compared


@transaction.atomic
def _compare_next(division_id: UUID) -> bool:
    # The division's row is the lock: challengers meet the record one after the other.
    division = (
        Division.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        .select_related("competition__current_version")
        .filter(pk=division_id)
        .first()
    )
    if division is None:
        return False
    evidence = (
        Evidence.objects.filter(division=division, compared_at__isnull=True).order_by("id").first()
    )
    if evidence is None:
        return False
    evidence.division = division
    spec = spec_of(division.competition)
    higher_is_better = spec.ranking_metric.higher_is_better
    if not spec.release.is_ladder:
        _compare_with_best(evidence, higher_is_better=higher_is_better)
    if not evidence.is_late:
        _challenge(evidence, level=spec.records.alpha, higher_is_better=higher_is_better)
    evidence.compared_at = timezone.now()
    evidence.save(update_fields=["compared_at"])
    return True


def _compared(best: Evidence, later: Evidence, *, higher_is_better: bool) -> "Comparison | None":
    """How much worse the later of two submissions is; None where there is nothing to tell by."""
    # NumPy and SciPy are loaded where figures are computed, not when a web process starts.
    from minigiants.leaderboards.losses import compared
    from minigiants.leaderboards.statistics.figures import comparison_of
    from minigiants.leaderboards.statistics.resampling import seed_of

    scores = {each.pk: each.score for each in (best, later)}
    with compared([best, later], Split.PUBLIC, scores) as comparable:
        if comparable is None or len(comparable.evidence) < 2 or comparable.found.examples < 2:
            return None
        return comparison_of(
            comparable.found,
            higher_is_better=higher_is_better,
            seed=seed_of("pair", best.submission_id, later.submission_id),
        )


def _compare_with_best(evidence: Evidence, *, higher_is_better: bool) -> None:
    best = (
        Evidence.objects.filter(
            team=evidence.team_id,
            phase=evidence.phase_id,
            division=evidence.division_id,
            test_set=evidence.test_set,
            id__lt=evidence.pk,
        )
        .exclude(losses_digest="")
        .order_by("-score" if higher_is_better else "score", "achieved_at", "id")
        .first()
    )
    BestComparison.objects.filter(evidence=evidence).delete()
    if best is None:
        return
    found = _compared(best, evidence, higher_is_better=higher_is_better)
    if found is not None:
        BestComparison.objects.create(
            evidence=evidence,
            best_submission_id=best.submission_id,
            difference=found.difference.value,
            low=found.difference.low,
            high=found.difference.high,
            p_value=found.difference.p_value,
            method=found.method,
            examples=found.examples,
        )


def _challenge(evidence: Evidence, *, level: float, higher_is_better: bool) -> None:
    """Test a submission against its division's record: once, however often it is scored."""
    from minigiants.leaderboards.statistics.spending import alpha_of_challenger

    if Challenge.objects.filter(evidence=evidence).exists():
        return
    series = Challenge.objects.filter(division=evidence.division_id, test_set=evidence.test_set)
    last = series.order_by("-number").first()
    record = standing_record(division=evidence.division, test_set=evidence.test_set)
    number = 0 if last is None else last.number + 1
    challenge = Challenge(
        evidence=evidence,
        division=evidence.division,
        test_set=evidence.test_set,
        number=number,
        record=record,
        is_record=record is None and evidence.is_released,
        level=level,
        alpha=alpha_of_challenger(number, level) if number else 0.0,
    )
    # What is not released is not told apart from anything; it has spent its share all the same.
    if record is not None and evidence.is_released:
        found = _compared(record.evidence, evidence, higher_is_better=higher_is_better)
        if found is not None:
            half = found.difference.p_value / 2
            challenge.difference = found.difference.value
            challenge.p_value = half if challenge.difference < 0 else 1 - half
            challenge.is_record = challenge.p_value <= challenge.alpha
            challenge.method = found.method
            challenge.examples = found.examples
            challenge.resamples = found.resamples
            challenge.seed = found.seed
    challenge.save(force_insert=True)


def standing_record(*, division: Division, test_set: str) -> Challenge | None:
    """The record that stands: the last that was set and not taken away by a disqualification."""
    records = (
        Challenge.objects.filter(division=division, test_set=test_set, is_record=True)
        .select_related("evidence__team")
        .filter(evidence__team__disqualified_at__isnull=True)
        .order_by("-number")
    )
    for record in records:
        if not Entry.objects.filter(
            submission_id=record.evidence.submission_id, is_disqualified=True
        ).exists():
            return record
    return None
