"""Budgets, their gauge, and the division that an artifact enters."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evaluator.inspection import Budget, Counts, first_fitting, gauge
from evaluator.inspection.budgets import QUANTITIES


def counts(parameters: int = 0, tensor_bits: int = 0, side_bytes: int = 0) -> Counts:
    return Counts(
        parameters=parameters,
        tensor_bits=tensor_bits,
        side_bytes=side_bytes,
        artifact_bytes=tensor_bits // 8 + side_bytes,
    )


def test_a_cap_on_parameters_implies_caps_on_bits_and_side_bytes() -> None:
    budget = Budget(parameters=1000)
    assert budget.tensor_bits == 32_000
    assert budget.side_bytes == 4096
    assert budget.artifact_bytes is None


@pytest.mark.parametrize(
    ("parameters", "side_bytes"), [(1, 4096), (10_000, 40_000), (10**9, 256 * 1024)]
)
def test_side_bytes_weigh_no_more_than_the_weights(parameters: int, side_bytes: int) -> None:
    assert Budget(parameters=parameters).side_bytes == side_bytes


def test_what_is_given_is_not_replaced() -> None:
    budget = Budget(parameters=1000, tensor_bits=4000, side_bytes=0)
    assert (budget.tensor_bits, budget.side_bytes) == (4000, 0)
    assert Budget.model_validate_json(budget.model_dump_json()) == budget


def test_without_a_cap_on_parameters_nothing_is_implied() -> None:
    budget = Budget(artifact_bytes=100)
    assert (budget.parameters, budget.tensor_bits, budget.side_bytes) == (None, None, None)


@pytest.mark.parametrize(
    "given_budget",
    [
        {"parameters": 0},
        {"parameters": -1},
        {"parameters": "1000"},
        {"parameters": True},
        {"bits": 1},
    ],
)
def test_a_budget_that_means_nothing_is_an_error(given_budget: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Budget.model_validate(given_budget)


def test_the_gauge_has_a_row_for_each_quantity() -> None:
    rows = gauge(counts(650, 20_800, 217), Budget(parameters=1000))
    assert [row.quantity for row in rows] == list(QUANTITIES)
    assert [(row.used, row.cap, row.fits) for row in rows] == [
        (650, 1000, True),
        (20_800, 32_000, True),
        (217, 4096, True),
        (2817, None, True),
    ]
    assert rows[0].fraction == pytest.approx(0.65)
    assert rows[3].fraction is None


def test_a_cap_is_met_by_as_much_as_it_allows() -> None:
    assert gauge(counts(1000), Budget(parameters=1000))[0].fits
    assert not gauge(counts(1001), Budget(parameters=1000))[0].fits
    assert gauge(counts(), Budget(side_bytes=0))[2].fits
    assert not gauge(counts(side_bytes=1), Budget(side_bytes=0))[2].fits


def test_few_parameters_with_many_bits_do_not_fit() -> None:
    """Repacking two weights into each float does not get a model into a smaller division."""
    packed = counts(parameters=500, tensor_bits=64 * 500)
    assert first_fitting(packed, [Budget(parameters=500), Budget(parameters=1000)]) == 1


def test_an_artifact_enters_the_first_division_that_it_fits() -> None:
    divisions = [Budget(parameters=10), Budget(parameters=100), Budget(parameters=1000)]
    assert first_fitting(counts(10, 320), divisions) == 0
    assert first_fitting(counts(11, 352), divisions) == 1
    assert first_fitting(counts(1001), divisions) is None
    assert first_fitting(counts(1), []) is None


@settings(deadline=None)
@given(
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.lists(st.builds(Budget, parameters=st.integers(1, 2**40)), max_size=4),
)
def test_whatever_fits_first_fits_in_every_row(
    parameters: int, bits: int, side: int, budgets: list[Budget]
) -> None:
    measured = counts(parameters, bits, side)
    index = first_fitting(measured, budgets)
    fitting = [all(row.fits for row in gauge(measured, budget)) for budget in budgets]
    assert index == (fitting.index(True) if any(fitting) else None)
