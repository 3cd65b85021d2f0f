"""Evaluations a minute while work is always waiting, against a bare loop over the same models."""

import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks import containers
from benchmarks.pipeline import SANDBOX, Pipeline
from benchmarks.warm import NOT_MEASURED, WORKLOADS
from benchmarks.workload import Workload

BARE_MODELS = 20
"""Of the bare loop, before the pipeline and again after it: a machine's speed drifts."""


def measure(*, count: int = 200) -> dict[str, Any]:
    """Hand `count` models of each kind in at once; for `python` in Docker a fifth of them."""
    figures: dict[str, Any] = {"models": count, "sandbox": SANDBOX}
    for name, make in WORKLOADS.items():
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
            workload = make(Path(work), count)
            workload.run_bare(workload.models[0])
            bare = _bare_per_minute(workload)
            with Pipeline(workload, sandbox=SANDBOX) as pipeline:
                run = pipeline.all_at_once(workload.models)
            bare = mean([bare, _bare_per_minute(workload)])
        figures |= {
            f"{name}: pipeline a minute": run.per_minute,
            f"{name}: bare a minute": bare,
            f"{name}: ratio": run.per_minute / bare,
        }
    return figures | _python(max(count // 5, 4))


def _bare_per_minute(workload: Workload) -> float:
    """How many of the models the bare loop gets through, while nothing else runs."""
    return 60 / mean(workload.bare_seconds(model) for model in workload.models[:BARE_MODELS])


def _python(count: int) -> dict[str, Any]:
    name = "digits (python in Docker)"
    if not containers.is_available():
        return {name: NOT_MEASURED}
    idle = containers.idle_containers_per_minute(count)
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
        workload = containers.python_models(Path(work), count)
        with Pipeline(workload, sandbox="docker") as pipeline:
            run = pipeline.all_at_once(workload.models)
    idle = mean([idle, containers.idle_containers_per_minute(count)])
    return {
        f"{name}: models": count,
        f"{name}: pipeline a minute": run.per_minute,
        f"{name}: idle containers a minute": idle,
        f"{name}: ratio": run.per_minute / idle,
    }
