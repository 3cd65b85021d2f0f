"""Scoring by an organizer's metric: split by split, each call with the rows of its split alone."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, MetricValue, Split
from evaluator.losses_file import SplitLosses, ValueOf, fits_float32, write_losses
from evaluator.scoring.score import ScoreOutcome, ScoringFailed
from evaluator.tasks.csv_table import ID, TableRow
from evaluator.tasks.custom import Solution
from evaluator.tasks.submission_file import SubmissionFile

TOLERANCE: Final = 1e-6
"""How far, relatively, a score may be from what its losses make."""


@dataclass(frozen=True)
class SplitTables:
    """The two CSV files of one split, with the same `rows` rows in the same order."""

    solution: Path
    submission: Path
    rows: int


ScoreSplit = Callable[[SplitTables], tuple[float, NDArray[np.float64] | None]]
"""Calls the metric for one split: a finite score, and finite losses [rows] or None."""


def score_custom(
    spec: MetricSpec,
    solution: Solution,
    submission: SubmissionFile,
    *,
    folder: Path,
    score_split: ScoreSplit,
) -> ScoreOutcome:
    """Score a submission whose rows are the solution's, in its order.

    The tables are written into `folder`. Raises `ScoringFailed` where losses come for one split
    alone, or do not make the score, and what `score_split` raises.
    """
    values: list[MetricValue] = []
    losses: dict[Split, SplitLosses] = {}
    makes: set[ValueOf] = set(ValueOf)
    for split in Split:
        places = solution.places(split)
        score, found = score_split(_write(solution, submission, places.tolist(), folder, split))
        values.append(MetricValue(metric=spec.name, split=split, value=score))
        if found is not None:
            if not fits_float32(found):
                raise ScoringFailed(f"On the {split} split a loss is beyond float32.")
            makes &= _decompositions(score, found, split)
            losses[split] = SplitLosses(found.astype(np.float32))
    if losses and len(losses) < len(Split):
        raise ScoringFailed("The metric gave losses for one split and none for the other.")
    if not makes:
        raise ScoringFailed(
            "The score is the mean of the losses on one split, 1 - it on the other."
        )
    # Where all losses are a half both fit, and tell the same.
    kept = write_losses(losses, min(makes)) if losses else None
    return ScoreOutcome(values=tuple(values), losses=kept)


def _decompositions(score: float, losses: NDArray[np.float64], split: Split) -> set[ValueOf]:
    """How the score follows from its losses: paired comparisons are made on these."""
    mean = float(losses.mean())
    tolerance = TOLERANCE * max(1.0, abs(score))
    fitting = {
        value_of
        for value_of in (ValueOf.MEAN, ValueOf.ONE_MINUS_MEAN)
        if abs(score - value_of(mean)) <= tolerance
    }
    if not fitting:
        raise ScoringFailed(
            f"On the {split} split the metric's score is {score:g} and the mean of its losses "
            f"{mean:g}. It has to be that mean, or 1 - the mean where higher is better; a metric "
            "that has no such losses returns the score alone."
        )
    return fitting


def _write(
    solution: Solution,
    submission: SubmissionFile,
    places: Sequence[int],
    folder: Path,
    split: Split,
) -> SplitTables:
    tables = SplitTables(
        solution=folder / f"solution-{split}.csv",
        submission=folder / f"submission-{split}.csv",
        rows=len(places),
    )
    _write_table(tables.solution, solution.columns, [solution.rows[place] for place in places])
    _write_table(
        tables.submission, submission.columns, [submission.rows[place] for place in places]
    )
    return tables


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[TableRow]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((ID, *columns))
        writer.writerows((row.id, *row.cells) for row in rows)
