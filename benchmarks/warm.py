"""What the platform adds to one evaluation, while everything that can be warm is warm."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import containers
from benchmarks.language_models import language_models
from benchmarks.onnx_models import digits, million
from benchmarks.pipeline import SANDBOX, Pipeline, Run
from benchmarks.workload import Workload

WORKLOADS: Mapping[str, Callable[[Path, int], Workload]] = {
    "digits (onnx)": digits,
    "1M parameters (onnx)": million,
    "1M language model (transformers)": language_models,
}
PYTHON = "digits (python in Docker)"
NOT_MEASURED = "not measured here: no container engine with the harness image"


def measure(*, count: int = 20) -> dict[str, Any]:
    """Hand `count` models of each kind in, one after the other, and run the same ones bare."""
    figures: dict[str, Any] = {"models": count, "sandbox": SANDBOX}
    for name, make in WORKLOADS.items():
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            workload = make(Path(work), count + 1)
            bare = median(workload.bare_seconds())
            taken = _warm(workload, sandbox=SANDBOX).claim_to_report
        figures |= {
            f"{name}: bare seconds": bare,
            f"{name}: claim to report seconds": taken,
            f"{name}: added seconds": taken - bare,
        }
    return figures | _pool(count)


def _warm(
    workload: Workload, *, sandbox: str, before: Callable[[], None] = lambda: None, **settings: str
) -> Run:
    """The first model warms the server up, and the others count."""
    with Pipeline(workload, sandbox=sandbox, **settings) as pipeline:
        pipeline.one_by_one(workload.models[:1])
        return pipeline.one_by_one(workload.models[1:], before=before)


def _pool(count: int) -> dict[str, Any]:
    """Models with code: while a container waits for each, and with a pool that is always empty."""
    if not containers.is_available():
        return {f"{PYTHON}: bare seconds": NOT_MEASURED}
    figures = {}
    for case, before, settings in (
        ("pool", containers.await_rest, {}),
        ("no pool", lambda: None, {"MINIGIANTS_WORKER_POOL": "0"}),
    ):
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            workload = containers.python_models(Path(work), min(count, 8) + 1)
            bare = median(workload.bare_seconds())
            run = _warm(workload, sandbox="docker", before=before, **settings)
        figures |= {
            f"{PYTHON}: bare seconds": bare,
            f"{PYTHON}: claim to report seconds, {case}": run.claim_to_report,
            f"{PYTHON}: added seconds, {case}": run.claim_to_report - bare,
        }
    return figures
