"""What is measured: models of one kind, the competition they are for, and the bare work on them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

QUOTA = {"per_day": 1000, "concurrent": 100}
"""As much as a pack may allow."""


@dataclass(frozen=True)
class Workload:
    """`models` are folders to hand in to the competition `slug` of the packs in `packs`, whose data
    are built in `data`.

    `run_bare` loads one model and runs the hidden inputs through it in this process, with the
    threads that a submission gets.
    """

    slug: str
    packs: Path
    data: Path
    models: list[Path]
    run_bare: Callable[[Path], None]

    def bare_seconds(self, model: Path) -> float:
        """How long the bare work on `model` takes, in a process that has run one before."""
        started = time.perf_counter()
        self.run_bare(model)
        return time.perf_counter() - started
