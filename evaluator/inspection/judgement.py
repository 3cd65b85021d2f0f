"""What a verdict means in one competition: whether the artifact may enter, and which division.

The platform judges uploads with it, and the command line's `check` judges a folder: one answer.
"""

from collections.abc import Sequence

from evaluator.contract import Message
from evaluator.inspection.budgets import Budget, GaugeRow, first_fitting, gauge
from evaluator.inspection.refusals import Refusal, RefusalCode, refusal
from evaluator.inspection.verdict import Verdict, Workload


class DivisionBudget(Message):
    """A division as an artifact meets it. Divisions are listed from the tightest to the widest."""

    slug: str
    title: str
    budget: Budget


class DivisionGauge(Message):
    """How an artifact stands against one division's budget."""

    slug: str
    title: str
    fits: bool
    rows: tuple[GaugeRow, ...]


class Judgement(Message):
    """Every reason for refusal, the gauges of all divisions, and the division that is entered.

    `division` is the slug of the first division that fits, None exactly when there are refusals.
    `workload` is shown beside the gauges; no division caps it.
    """

    refusals: tuple[Refusal, ...]
    division: str | None
    gauges: tuple[DivisionGauge, ...]
    workload: Workload | None = None


def judge(
    verdict: Verdict, *, formats: Sequence[str], divisions: Sequence[DivisionBudget]
) -> Judgement:
    """Judge an inspected artifact by the formats and divisions of a competition."""
    refusals = list(verdict.refusals)
    gauges: tuple[DivisionGauge, ...] = ()
    fitting: int | None = None
    if verdict.format not in formats and not refusals:
        refusals.append(
            refusal(
                RefusalCode.FORMAT_NOT_ACCEPTED,
                "",
                f"The format is {verdict.format}; accepted are {', '.join(formats)}.",
            )
        )
    if verdict.counts is not None:
        counts = verdict.counts
        rows = [gauge(counts, division.budget) for division in divisions]
        gauges = tuple(
            DivisionGauge(
                slug=division.slug, title=division.title, fits=all(r.fits for r in row), rows=row
            )
            for division, row in zip(divisions, rows, strict=True)
        )
        fitting = first_fitting(counts, [division.budget for division in divisions])
        if fitting is None:
            over = [row for row in rows[-1] if not row.fits]
            what = "; ".join(f"{row.quantity}: {row.used:,} of {row.cap:,}" for row in over)
            refusals.append(
                refusal(RefusalCode.OVER_BUDGET, "", f"Over the widest division's budget: {what}.")
            )
    return Judgement(
        refusals=tuple(refusals),
        division=divisions[fitting].slug if fitting is not None and not refusals else None,
        gauges=gauges,
        workload=verdict.workload,
    )
