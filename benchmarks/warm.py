"""What the platform adds to one evaluation, while everything that can be warm is warm."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import containers
from benchmarks.language_models import language_models
from benchmarks.onnx_models import digits, million
from benchmarks.pipeline import SANDBOX, Pipeline
from benchmarks.workload import Workload

WORKLOADS: Mapping[str, Callable[[Path, int], Workload]] = {
    "digits (onnx)": digits,
    "1M parameters (onnx)": million,
    "1M language model (transformers)": language_models,
}
PYTHON = "digits (python in Docker)"
NOT_MEASURED = "not measured here: no container engine with the harness image"


def measure(*, count: int = 20) -> dict[str, Any]:
    """Run `count` models of each kind bare and through the platform, in turn."""
    figures: dict[str, Any] = {"models": count, "sandbox": SANDBOX}
    for name, make in WORKLOADS.items():
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            taken = _warm(make(Path(work), count + 1), sandbox=SANDBOX)
        figures |= taken.figures(name)
    return figures | _pool(count)


@dataclass(frozen=True)
class Taken:
    """Medians in seconds."""

    bare: float
    claim_to_report: float

    def figures(self, name: str, case: str = "") -> dict[str, float]:
        """Both, and what the platform adds, under the names that the record has for them."""
        return {
            f"{name}: bare seconds{case}": self.bare,
            f"{name}: claim to report seconds{case}": self.claim_to_report,
            f"{name}: added seconds{case}": self.claim_to_report - self.bare,
        }


def _warm(
    workload: Workload, *, sandbox: str, before: Callable[[], None] = lambda: None, **settings: str
) -> Taken:
    """The first model warms everything up, and the others count.

    Each is run bare just before it is handed in, so that both meet the machine in the same state.
    """
    first, *others = workload.models
    bare: list[float] = []

    def run_bare() -> None:
        bare.append(workload.bare_seconds(others[len(bare)]))
        before()

    workload.run_bare(first)
    with Pipeline(workload, sandbox=sandbox, **settings) as pipeline:
        pipeline.one_by_one([first])
        run = pipeline.one_by_one(others, before=run_bare)
    return Taken(median(bare), run.claim_to_report)


def _pool(count: int) -> dict[str, Any]:
    """Models with code: while a container waits for each, and with a pool that is always empty."""
    if not containers.is_available():
        return {f"{PYTHON}: bare seconds": NOT_MEASURED}
    figures: dict[str, Any] = {}
    for case, before, settings in (
        ("pool", containers.await_rest, {}),
        ("no pool", lambda: None, {"MINIGIANTS_WORKER_POOL": "0"}),
    ):
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            workload = containers.python_models(Path(work), min(count, 8) + 1)
            taken = _warm(workload, sandbox="docker", before=before, **settings)
        figures |= taken.figures(PYTHON, f", {case}")
    return figures
