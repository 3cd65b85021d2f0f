"""The methods by name: it imports nothing. `docs/statistics.md` gives their sources."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class IntervalMethod(StrEnum):
    """How intervals of scores were computed."""

    WILSON = "wilson"
    STUDENTISED = "studentised_bootstrap"
    PERCENTILE = "percentile_bootstrap"


class PairMethod(StrEnum):
    """How pairs were tested."""

    MCNEMAR = "exact_mcnemar"
    BOOTSTRAP = "paired_bootstrap"


METHOD_TITLES: Final[Mapping[str, str]] = {
    IntervalMethod.WILSON: "Wilson score interval",
    IntervalMethod.STUDENTISED: "studentised bootstrap",
    IntervalMethod.PERCENTILE: "percentile bootstrap",
    PairMethod.MCNEMAR: "exact McNemar test",
    PairMethod.BOOTSTRAP: "paired bootstrap test",
}
"""What people call each method."""
