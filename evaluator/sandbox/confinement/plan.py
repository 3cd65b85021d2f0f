"""What the host asks of the launcher, and what the launcher answers."""

import dataclasses
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """A confined process: its files, its program and its limits.

    `root` is an empty folder to build the new root on. `binds` maps paths in the sandbox to paths
    on the host, all read-only; `links` maps paths to symbolic links' targets. `uid` is the user to
    become when started as root. Sizes are in bytes.
    """

    root: str
    binds: dict[str, str]
    links: dict[str, str]
    arguments: list[str]
    environment: dict[str, str]
    uid: int
    address_space: int
    processes: int
    open_files: int

    def encode(self) -> str:
        """The plan as JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Plan":
        """The plan in a JSON text of `encode`."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Ending:
    """How the confined process ended: `code` negative for a signal, memory in bytes.

    `refusal` is set instead when the kernel denied a part of the confinement: nothing has run.
    """

    code: int | None = None
    peak_memory_bytes: int | None = None
    cpu_seconds: float | None = None
    refusal: str = ""

    def encode(self) -> bytes:
        """The ending as a line of JSON."""
        return json.dumps(dataclasses.asdict(self)).encode() + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> "Ending":
        """The ending on a line of `encode`."""
        return cls(**json.loads(line))
