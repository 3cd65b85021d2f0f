"""What is fixed when a guest is started, before anybody knows which submission it will run."""

from dataclasses import dataclass

from evaluator.contract import Limits

FIXED = {"memory_bytes", "cpus", "processes", "open_files", "scratch_bytes"}
"""The limits that a kernel enforces from a guest's start on. The others are the host's to watch."""


@dataclass(frozen=True)
class GuestKey:
    """A format, and limits of which only those in `FIXED` differ from the defaults.

    Guests of the same key are interchangeable.
    """

    format: str
    limits: Limits

    @classmethod
    def of(cls, format_name: str, limits: Limits) -> "GuestKey":
        """The key of the guests that can run a submission of this format under these limits."""
        return cls(format_name, Limits(**limits.model_dump(include=FIXED)))
