"""The one interface behind which a submitted model runs.

A sandbox takes a request, runs the model in it and returns a result. What the model did wrong is
a `Failure` in the result. What went wrong on our side is a `SandboxFault`, so a participant never
pays for it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from evaluator.contract import Failure, Limits, Machine, Measurements, Stage, Strength, TaskSpec

OnStage = Callable[[Stage], bool]
"""Told where a run stands: at each change of stage, and about once a second within one.

It must return quickly. False asks the sandbox to stop.
"""


class SandboxError(Exception):
    """Base of what a sandbox raises. None of it is the participant's doing."""


class SandboxUnavailable(SandboxError):
    """No sandbox of the wanted kind can work here. The message tells an operator what to do."""


class SandboxFault(SandboxError):
    """The sandbox itself failed (engine gone, disk full): the attempt may be repeated elsewhere."""


class NotBegun(SandboxFault):
    """No guest could be had for the job: nothing of it has run, and the next one may fare alike."""


class SandboxCancelled(SandboxError):
    """`on_stage` returned false; the run was given up."""


@dataclass(frozen=True)
class SandboxRequest:
    """One model, the inputs that it shall answer, and what it may use.

    `model_folder` holds the artifact's files; the sandbox shows them to the model read-only.
    `smoke_inputs` and `hidden_inputs` are `.npy` files whose first axis counts the examples, or
    `.jsonl` files with a text a line. The hidden one enters the sandbox only after the smoke run
    has ended and its log is closed. `task` has all its settings, defaults included.
    `output_folder` belongs to the host; the sandboxed process never sees it.
    """

    format: str
    task: TaskSpec
    model_folder: Path
    smoke_inputs: Path
    hidden_inputs: Path
    output_folder: Path
    limits: Limits
    seed: int


@dataclass(frozen=True)
class SandboxResult:
    """How a run ended.

    `failure_detail` is a sentence of ours from an enumerated list, never text of the model.
    `predictions` is a file of numbers (`.npy`) or texts (`.jsonl`) in the request's output folder,
    written by the host from bytes that it has checked; it is there exactly when `failure` is None.
    `smoke_log` was written before the hidden inputs were in reach, so its participant may read it;
    `host_log` is for hosts only.
    """

    failure: Failure | None
    failed_stage: Stage | None
    failure_detail: str
    predictions: Path | None
    smoke_log: str
    host_log: str
    measurements: Measurements

    def with_gpu_memory(self, peak_bytes: int | None) -> "SandboxResult":
        """The same, with what was seen of a GPU's memory; None if that is not known."""
        measured = self.measurements.model_copy(update={"gpu_peak_memory_bytes": peak_bytes})
        return replace(self, measurements=measured)


class Sandbox(Protocol):
    """Runs models one at a time; a worker with several slots has one sandbox for each.

    `machine` is where they run. A limit above its CPUs is met by all of them; what needs more
    memory than it has is not to be given to `run`.
    """

    strength: Strength
    formats: frozenset[str]
    machine: Machine

    def run(self, request: SandboxRequest, *, on_stage: OnStage) -> SandboxResult:
        """Run one model to its end.

        Raises `SandboxCancelled` when `on_stage` returns false, `SandboxFault` when the sandbox
        itself failed. Whatever happens, no file of the run remains, and no process: a container
        that was used may still be on its way out, and one that its engine fails to remove is
        removed as soon as the engine answers, for as long as the sandbox is open.
        """
        ...

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        """See whether a guest can begin, by starting one. No job may be running in this sandbox.

        `on_tick` is called about once a second; what it raises ends the waiting. Raises `NotBegun`.
        """
        ...

    def close(self) -> None:
        """Remove what this sandbox, and others whose worker has died, left on the machine."""
        ...
