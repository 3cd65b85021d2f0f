"""A running harness, seen from the host: what every kind of confinement has to offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Source(Enum):
    """Which of its two channels bytes came from."""

    RESULTS = "results"
    LOG = "log"


Chunk = tuple[Source, bytes]


@dataclass(frozen=True)
class Exit:
    """How the sandboxed process ended.

    `code` is its exit status, negative for a signal, None where nobody knows it.
    """

    code: int | None
    out_of_memory: bool


@dataclass(frozen=True)
class Usage:
    """What the kernel counted, None where it does not tell: bytes, and seconds of CPU."""

    peak_memory_bytes: int | None
    cpu_seconds: float | None

    def completed_by(self, earlier: "Usage") -> "Usage":
        """These counts, and those of `earlier` where these are unknown."""
        peak, seconds = self.peak_memory_bytes, self.cpu_seconds
        return Usage(
            peak_memory_bytes=earlier.peak_memory_bytes if peak is None else peak,
            cpu_seconds=earlier.cpu_seconds if seconds is None else seconds,
        )


class Guest(Protocol):
    """One confined process, from its start to its end. Its faults are `SandboxFault`s."""

    def send(self, data: bytes) -> None:
        """Write a command to it. Nothing is raised if it has gone; `receive` tells that."""
        ...

    def receive(self, timeout: float) -> Sequence[Chunk] | None:
        """What it wrote, after at most `timeout` seconds; empty if nothing, None at its end."""
        ...

    def usage(self) -> Usage:
        """What it has used so far, or altogether once it has ended."""
        ...

    def destroy(self) -> Exit:
        """Kill it and all that it started, if that is still needed, and remove its traces."""
        ...
