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

    def bare_seconds(self, most: int = 20) -> list[float]:
        """How long each of the first `most` models takes, the process being warm."""
        self.run_bare(self.models[0])
        return [_timed(self.run_bare, model) for model in self.models[:most]]


def _timed(action: Callable[[Path], None], model: Path) -> float:
    started = time.perf_counter()
    action(model)
    return time.perf_counter() - started
