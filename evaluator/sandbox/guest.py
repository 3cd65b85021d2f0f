"""A running harness, seen from the host: what every kind of confinement has to offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from evaluator.sandbox.base import SandboxFault


class Source(Enum):
    """Which of its two channels bytes came from."""

    RESULTS = "results"
    LOG = "log"


Chunk = tuple[Source, bytes]


@dataclass(frozen=True)
class Exit:
    """How the sandboxed process ended.

    `code` is its exit status, negative for a signal, None where nobody knows it. `out_of_memory`
    tells that it reached its limit on memory, `for_the_host` that the kernel ended it though it had
    not: the machine was short of memory, which is no model's fault.
    """

    code: int | None
    out_of_memory: bool
    for_the_host: bool = False


@dataclass(frozen=True)
class Usage:
    """What the kernel counted, None where it does not tell: bytes, and seconds of CPU.

    It is told for people: no outcome depends on whether it is known.
    """

    peak_memory_bytes: int | None
    cpu_seconds: float | None

    def cpu_since(self, before: float | None) -> float | None:
        """The CPU time in seconds since it was `before`, None if either is unknown."""
        if self.cpu_seconds is None or before is None:
            return None
        return max(0.0, self.cpu_seconds - before)

    def completed_by(self, earlier: "Usage") -> "Usage":
        """These counts, and those of `earlier` where these are unknown."""
        peak, seconds = self.peak_memory_bytes, self.cpu_seconds
        return Usage(
            peak_memory_bytes=earlier.peak_memory_bytes if peak is None else peak,
            cpu_seconds=earlier.cpu_seconds if seconds is None else seconds,
        )


UNKNOWN_USAGE = Usage(peak_memory_bytes=None, cpu_seconds=None)


class GuestLeft(SandboxFault):
    """A guest did not start and is not gone either: `guest` is still to be destroyed."""

    def __init__(self, guest: "Guest") -> None:
        super().__init__("The container engine neither started a container nor removed it.")
        self.guest = guest


class Guest(Protocol):
    """One confined process, from its start to its end. Its faults are `SandboxFault`s."""

    def send(self, data: bytes) -> None:
        """Write a command to it. Nothing is raised if it has gone; `receive` tells that."""
        ...

    def receive(self, timeout: float) -> Sequence[Chunk] | None:
        """What it wrote, after at most `timeout` seconds; empty if nothing, None at its end."""
        ...

    def usage(self) -> Usage:
        """What it has used so far, or altogether once it has ended. Raises nothing."""
        ...

    def destroy(self) -> Exit:
        """Kill it and all that it started, if that is still needed, and remove its traces."""
        ...
