"""Runs Python source inside the fallback's confinement and prints what it printed.

A program of its own, so that it can be started as an ordinary user:
`python -m tests.attacks.confined SCRATCH SOURCE`.
"""

import dataclasses
import sys
import time
from collections.abc import Callable
from pathlib import Path

from evaluator.contract import Limits
from evaluator.sandbox.fallback_guest import FallbackGuest
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest_key import GuestKey

MEBIBYTE = 1024**2
LIMITS = Limits(memory_bytes=192 * MEBIBYTE, processes=7)
SECONDS = 20.0


class OpenedSandbox(FallbackSandbox):
    """The fallback with another program in it than the harness."""

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        """Nothing: each source that is run proves it."""

    def run_source(self, source: str) -> bytes:
        """What the source wrote to both of its channels, from within the confinement."""
        with self._workspace.job() as job:
            plan = self._plan(GuestKey.of("onnx", LIMITS), job)
            program = [plan.arguments[0], "-u", "-c", source]
            guest = FallbackGuest(dataclasses.replace(plan, arguments=program))
            written = b""
            limit = time.monotonic() + SECONDS
            try:
                while (chunks := guest.receive(1)) is not None and time.monotonic() < limit:
                    written += b"".join(data for _, data in chunks)
            finally:
                ending = guest.destroy()
        return written + f"EXIT {ending.code}\n".encode()


def main() -> None:
    """Run the source in the second argument with the scratch in the first."""
    sandbox = OpenedSandbox(scratch=Path(sys.argv[1]))
    try:
        sys.stdout.buffer.write(sandbox.run_source(sys.argv[2]))
    finally:
        sandbox.close()


if __name__ == "__main__":
    main()
