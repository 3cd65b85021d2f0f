"""The one interface behind which an organizer's metric runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluator.contract import MetricLimits, Strength


class MetricFailed(Exception):
    """The metric gave no score: the organizer's to mend. For hosts; `log` is what it printed."""

    def __init__(self, message: str, *, log: str = "") -> None:
        super().__init__(message)
        self.log = log


class SubmissionRefused(Exception):
    """The metric raised ParticipantVisibleError. The message, plain text, is the participant's."""


@dataclass(frozen=True)
class MetricCall:
    """One call of `score` in the file `code`.

    `solution` and `submission` are CSV files with the same `rows` rows in the same order, named
    by the column `row_id_column`.
    """

    code: Path
    solution: Path
    submission: Path
    rows: int
    row_id_column: str
    params: Mapping[str, Any]
    limits: MetricLimits


@dataclass(frozen=True, eq=False)
class MetricResult:
    """What the metric returned: a finite score, and float64 losses [rows] or None."""

    score: float
    losses: NDArray[np.float64] | None


class MetricSandbox(Protocol):
    """Calls metrics. Threads may share it."""

    strength: Strength

    def run(self, call: MetricCall, *, on_tick: Callable[[], None]) -> MetricResult:
        """Call a metric once, and leave nothing of it behind: a container that its engine fails to
        remove goes as soon as the engine answers.

        `on_tick` is called about twice a second; what it raises ends the call. Raises
        `SubmissionRefused`, `MetricFailed`, and `SandboxFault` where the sandbox itself failed,
        `NotBegun` if that was before anything ran.
        """
        ...

    def prove(self) -> None:
        """See whether a call could begin. Raises `SandboxFault`."""
        ...

    def close(self) -> None:
        """Remove what this sandbox, and others whose worker has died, left on the machine."""
        ...
