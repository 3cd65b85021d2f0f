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


def _warm(workload: Workload, *, sandbox: str, **settings: str) -> Run:
    """The first model warms the server up, and the others count."""
    with Pipeline(workload, sandbox=sandbox, **settings) as pipeline:
        pipeline.one_by_one(workload.models[:1])
        return pipeline.one_by_one(workload.models[1:])


def _pool(count: int) -> dict[str, Any]:
    """What an empty pool costs: the same models with the pool and without."""
    name = "digits (python in Docker): claim to report seconds"
    if not containers.is_available():
        return {name: NOT_MEASURED}
    figures = {}
    for case, settings in {"pool": {}, "no pool": {"MINIGIANTS_WORKER_POOL": "0"}}.items():
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            workload = containers.python_models(Path(work), min(count, 8) + 1)
            run = _warm(workload, sandbox="docker", **settings)
        figures[f"{name}, {case}"] = run.claim_to_report
    return figures
