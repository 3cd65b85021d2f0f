"""What is fixed when a guest is started, before anybody knows which submission it will run."""

from dataclasses import dataclass

from evaluator.contract import Device, Limits
from evaluator.harness.protocol import CPU
from evaluator.sandbox.environment import CODELESS_FORMATS, GPU_FORMATS

FIXED = {"memory_bytes", "cpus", "processes", "open_files", "scratch_bytes"}
"""The limits that a kernel enforces from a guest's start on. The others are the host's to watch."""


@dataclass(frozen=True)
class GuestKey:
    """A format, limits of which only those in `FIXED` differ from the defaults, and a device.

    Guests of the same key are interchangeable.
    """

    format: str
    limits: Limits
    device: Device = CPU

    @classmethod
    def of(cls, format_name: str, limits: Limits, *, best_device: Device = CPU) -> "GuestKey":
        """The key of the guests that can run a submission of this format under these limits.

        `best_device` is what the sandbox has, beside the CPU; not every format is run there.
        """
        return cls(
            format_name,
            Limits(**limits.model_dump(include=FIXED)),
            best_device if format_name in GPU_FORMATS else CPU,
        )

    @property
    def forks(self) -> bool:
        """Whether one guest serves many submissions, each in a fork of its own.

        So it does where no participant code runs, but not on a GPU, which a process opens to write
        to it. A fork may open nothing so: its parent, which serves the next one, is within reach.
        """
        return self.format in CODELESS_FORMATS and self.device == CPU
