"""What the sandbox alone adds to one evaluation: no server, no queue, no scoring.

A model is run bare, then in the sandbox, in turn, so that both meet the machine in the same state.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from benchmarks import containers
from benchmarks.language_models import language_models
from benchmarks.onnx_models import million
from benchmarks.warm import NOT_MEASURED
from benchmarks.workload import Workload
from evaluator.contract import Limits, TaskSpec
from evaluator.sandbox.base import Sandbox, SandboxRequest
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest_key import GuestKey
from evaluator.task_settings import complete_settings

WORKLOADS: Mapping[str, tuple[str, Callable[[Path, int], Workload]]] = {
    "1M parameters (onnx)": ("onnx", million),
    "1M language model (transformers)": ("transformers", language_models),
}
CONVOLUTION = "digits (python)"
WAIT_SECONDS = 120.0


def measure(*, count: int = 5) -> dict[str, Any]:
    """Run `count` models of each kind, and as many containers as wait and do not."""
    figures: dict[str, Any] = {"models": count}
    docker = containers.is_available()
    for name, (format_name, make) in WORKLOADS.items():
        with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work, ExitStack() as opened:
            folder = Path(work)
            folder.chmod(0o711)  # the sandbox's other user passes through
            workload = make(folder, count + 1)
            strengths: dict[str, Sandbox] = {"fallback": FallbackSandbox(scratch=folder / "one")}
            if docker:
                strengths["Docker"] = _docker(folder / "two", pool=0)
            for sandbox in strengths.values():
                opened.enter_context(closing(sandbox))
            figures |= _compare(name, format_name, workload, strengths)
    return figures | (_python(min(count, 6)) if docker else {CONVOLUTION: NOT_MEASURED})


def _docker(scratch: Path, *, pool: int) -> DockerSandbox:
    return DockerSandbox(
        scratch=scratch, image=containers.harness_image(), runtime="runc", pool=pool
    )


def _compare(
    name: str, format_name: str, workload: Workload, strengths: Mapping[str, Sandbox]
) -> dict[str, float]:
    """The first model warms everything up, the others count."""
    seconds: dict[str, list[float]] = {where: [] for where in ("bare", *strengths)}
    for model in workload.models:
        seconds["bare"].append(_timed(lambda: workload.run_bare(model)))  # noqa: B023 at once
        for where, sandbox in strengths.items():
            seconds[where].append(_in_sandbox(sandbox, format_name, workload, model))
    medians = {where: median(taken[1:]) for where, taken in seconds.items()}
    figures = {f"{name}: bare seconds": medians.pop("bare")}
    for where, taken in medians.items():
        figures[f"{name}: {where} seconds"] = taken
        figures[f"{name}: {where} ratio"] = figures[f"{name}: bare seconds"] / taken
    return figures


def _python(count: int) -> dict[str, float]:
    """The same model in a container that waits, and in one that is started for it."""
    figures = {}
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as work:
        folder = Path(work)
        folder.chmod(0o711)
        workload = containers.python_models(folder, count + 1)
        for case, size in {"pool": 1, "no pool": 0}.items():
            with closing(_docker(folder / case, pool=size)) as sandbox:
                taken = []
                for model in workload.models:
                    _await_pool(sandbox, size)
                    taken.append(_in_sandbox(sandbox, "python", workload, model))
            figures[f"{CONVOLUTION}: seconds, {case}"] = median(taken[1:])
    return figures


def _await_pool(sandbox: DockerSandbox, size: int) -> None:
    """Wait until the pool is full, so that what is measured is not how it fills."""
    key = GuestKey.of("python", Limits())
    limit = time.monotonic() + WAIT_SECONDS
    while sandbox.waiting(key) < size:
        if time.monotonic() > limit:
            raise RuntimeError("No container got ready.")
        time.sleep(0.05)


def _in_sandbox(sandbox: Sandbox, format_name: str, workload: Workload, model: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as output:
        request = _request(format_name, workload, model, Path(output))
        started = time.perf_counter()
        result = sandbox.run(request, on_stage=lambda _stage: True)
        taken = time.perf_counter() - started
    if result.failure is not None:
        raise RuntimeError(f"{result.failure_detail}\n{result.smoke_log}")
    return taken


def _request(format_name: str, workload: Workload, model: Path, output: Path) -> SandboxRequest:
    pack = workload.packs / workload.slug
    told = yaml.safe_load((pack / "competition.yaml").read_text())
    task = told["task"]
    data = workload.data
    return SandboxRequest(
        format=format_name,
        task=TaskSpec(
            type=task["type"], settings=complete_settings(task["type"], task["settings"])
        ),
        model_folder=model,
        smoke_inputs=data / told["data"]["smoke_inputs"],
        hidden_inputs=data / told["data"]["hidden_inputs"],
        output_folder=output,
        limits=Limits(),
        seed=0,
    )


def _timed(action: Callable[[], None]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
