"""The budgets of divisions, and how an artifact stands against them."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, model_validator

from evaluator.contract import Count, Message
from evaluator.inspection.verdict import Counts

BITS_PER_PARAMETER = 32
SIDE_BYTES_FLOOR = 4 * 1024
SIDE_BYTES_CEILING = 256 * 1024

# Strict, so that what implies other caps is the number itself and never a text of it.
Cap = Annotated[int, Field(ge=1, strict=True)]


class Budget(Message):
    """What a division allows; a quantity without a cap is not limited.

    A cap on parameters always comes with caps on tensor bits and side bytes, because what is not
    counted as a parameter must not carry a model either. Unless they are given they are 32 bits a
    parameter, and as many side bytes as those bits make, but from 4 KiB to 256 KiB.
    """

    parameters: Cap | None = None
    tensor_bits: Cap | None = None
    side_bytes: Count | None = None
    artifact_bytes: Cap | None = None

    @model_validator(mode="before")
    @classmethod
    def _imply(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        parameters = given.get("parameters")
        if not isinstance(parameters, int):
            return given
        implied = dict(given)
        if implied.get("tensor_bits") is None:
            implied["tensor_bits"] = BITS_PER_PARAMETER * parameters
        if implied.get("side_bytes") is None:
            implied["side_bytes"] = default_side_bytes(parameters)
        return implied


def default_side_bytes(parameters: int) -> int:
    """The cap on side bytes that goes with a cap on parameters.

    Source and text can carry weights, so they may not weigh more than the weights themselves; a
    few KiB are left to the smallest models, whose headers would not fit else.
    """
    allowed = parameters * BITS_PER_PARAMETER // 8
    return min(max(allowed, SIDE_BYTES_FLOOR), SIDE_BYTES_CEILING)


class GaugeRow(Message):
    """One quantity against its cap. Without a cap there is no fraction, and it fits."""

    quantity: str
    used: Count
    cap: Count | None
    fraction: float | None
    fits: bool


QUANTITIES = ("parameters", "tensor_bits", "side_bytes", "artifact_bytes")
"""The quantities that budgets cap, in the order in which they are shown."""


def gauge(counts: Counts, budget: Budget) -> tuple[GaugeRow, ...]:
    """How `counts` stand against `budget`, one row for each of `QUANTITIES`.

    `fraction` is used / cap. Against a cap of zero it is 0 when nothing is used, else the amount
    used, as if the cap were one.
    """
    rows = []
    for quantity in QUANTITIES:
        used: int = getattr(counts, quantity)
        cap: int | None = getattr(budget, quantity)
        rows.append(
            GaugeRow(
                quantity=quantity,
                used=used,
                cap=cap,
                fraction=None if cap is None else used / max(cap, 1),
                fits=cap is None or used <= cap,
            )
        )
    return tuple(rows)


def first_fitting(counts: Counts, budgets: Sequence[Budget]) -> int | None:
    """The index of the first budget that `counts` fit, or None where none does."""
    for index, budget in enumerate(budgets):
        if all(row.fits for row in gauge(counts, budget)):
            return index
    return None
