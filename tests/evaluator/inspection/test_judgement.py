"""What a verdict means in a competition: the division that is entered, and the gauges of all."""

import io

import numpy as np
import pytest

from evaluator.inspection import Budget, Verdict
from evaluator.inspection.judgement import DivisionBudget, Judgement, judge
from tests.evaluator.inspection.artifacts import python_verdict

DIVISIONS = [
    DivisionBudget(slug="small", title="Small", budget=Budget(parameters=100)),
    DivisionBudget(slug="large", title="Large", budget=Budget(parameters=1000)),
]


def of_size(parameters: int) -> Verdict:
    stream = io.BytesIO()
    np.save(stream, np.zeros(parameters, np.float32))
    return python_verdict({"w.npy": stream.getvalue()})


def judged(verdict: Verdict, formats: tuple[str, ...] = ("onnx", "python")) -> Judgement:
    return judge(verdict, formats=formats, divisions=DIVISIONS)


@pytest.mark.parametrize(
    ("parameters", "division", "fits"),
    [
        (100, "small", [True, True]),
        (101, "large", [False, True]),
        (1000, "large", [False, True]),
        (1001, None, [False, False]),
    ],
)
def test_the_first_division_that_fits_is_entered(
    parameters: int, division: str | None, fits: list[bool]
) -> None:
    judgement = judged(of_size(parameters))
    assert judgement.division == division
    assert [gauge.fits for gauge in judgement.gauges] == fits
    assert bool(judgement.refusals) is (division is None)


def test_over_every_budget_says_by_how_much() -> None:
    (refusal,) = judged(of_size(1001)).refusals
    assert refusal.code == "over_budget"
    assert "parameters: 1,001 of 1,000" in refusal.what


def test_a_format_that_is_not_accepted_enters_nothing_but_is_gauged() -> None:
    judgement = judged(of_size(10), formats=("onnx",))
    assert [refusal.code for refusal in judgement.refusals] == ["format_not_accepted"]
    assert judgement.division is None
    assert len(judgement.gauges) == 2


def test_what_inspection_refuses_is_neither_gauged_nor_entered() -> None:
    judgement = judged(python_verdict({"w.pkl": b""}))
    assert [refusal.code for refusal in judgement.refusals] == ["pickle"]
    assert judgement.division is None
    assert judgement.gauges == ()
