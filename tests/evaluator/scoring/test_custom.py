"""Scoring by an organizer's metric, the sandbox's part being played by a function."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.contract import MetricSpec, Split
from evaluator.losses_file import ValueOf, read_about
from evaluator.scoring import ScoringFailed
from evaluator.scoring.custom import ScoreSplit, SplitTables, score_custom
from evaluator.scoring.score import ScoreOutcome
from evaluator.tasks.custom import read_solution
from evaluator.tasks.submission_file import read_submission
from tests.support.losses import losses_of

SOLUTION = 'id,y,usage\na,1,Public\nb,"2,0",Private\nc,3,Public\n'
SUBMISSION = "id,y\nc,30\nb,20\na,10\n"


def scored(folder: Path, score_split: ScoreSplit) -> ScoreOutcome:
    (folder / "solution.csv").write_text(SOLUTION)
    (folder / "submission.csv").write_text(SUBMISSION)
    solution = read_solution(folder / "solution.csv")
    submission = read_submission(folder / "submission.csv", solution.ids)
    return score_custom(
        MetricSpec(name="custom"), solution, submission, folder=folder, score_split=score_split
    )


def rows_of(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text())))


def test_each_call_sees_its_split_alone_in_the_solutions_order(tmp_path: Path) -> None:
    seen: list[tuple[list[list[str]], list[list[str]]]] = []

    def look(tables: SplitTables) -> tuple[float, None]:
        seen.append((rows_of(tables.solution), rows_of(tables.submission)))
        return float(tables.rows), None

    outcome = scored(tmp_path, look)
    assert seen == [
        ([["id", "y"], ["a", "1"], ["c", "3"]], [["id", "y"], ["a", "10"], ["c", "30"]]),
        ([["id", "y"], ["b", "2,0"]], [["id", "y"], ["b", "20"]]),
    ]
    assert [(value.split, value.value) for value in outcome.values] == [
        (Split.PUBLIC, 2.0),
        (Split.PRIVATE, 1.0),
    ]
    assert outcome.losses is None


@pytest.mark.parametrize("higher_is_better", [False, True], ids=["error", "accuracy"])
def test_losses_are_kept_in_the_solutions_order(tmp_path: Path, higher_is_better: bool) -> None:
    def measure(tables: SplitTables) -> tuple[float, NDArray[np.float64]]:
        losses = np.array([float(row[1]) for row in rows_of(tables.submission)[1:]])
        mean = float(losses.mean())
        return (1 - mean if higher_is_better else mean), losses

    outcome = scored(tmp_path, measure)
    assert outcome.losses is not None
    assert losses_of(outcome.losses) == {"public": [10, 30], "private": [20]}
    about = read_about(io.BytesIO(outcome.losses))
    assert about.value_of is (ValueOf.ONE_MINUS_MEAN if higher_is_better else ValueOf.MEAN)


def test_a_score_that_its_losses_make_in_two_ways_is_refused(tmp_path: Path) -> None:
    def fickle(tables: SplitTables) -> tuple[float, NDArray[np.float64]]:
        losses = np.full(tables.rows, 0.25)
        return (0.25 if tables.rows == 2 else 0.75), losses

    with pytest.raises(ScoringFailed, match="1 - it on the other"):
        scored(tmp_path, fickle)


def test_losses_that_do_not_make_the_score_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoringFailed, match="mean of its losses"):
        scored(tmp_path, lambda tables: (0.5, np.zeros(tables.rows)))


def test_losses_too_large_for_the_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoringFailed, match="beyond float32"):
        scored(tmp_path, lambda tables: (1e39, np.full(tables.rows, 1e39)))


def test_losses_for_one_split_alone_are_refused(tmp_path: Path) -> None:
    def halfway(tables: SplitTables) -> tuple[float, NDArray[np.float64] | None]:
        return 0.0, np.zeros(2) if tables.rows == 2 else None

    with pytest.raises(ScoringFailed, match="one split"):
        scored(tmp_path, halfway)
