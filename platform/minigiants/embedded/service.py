"""A child that is started again when it dies, each time a little later."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minigiants.embedded.child import Child
from minigiants.embedded.console import say

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A service that has run this long is steady: its next death starts the pauses anew."""


@dataclass(frozen=True)
class ServiceSpec:
    """How to run a service. `grace_seconds` is what it gets to end in good order."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    cwd: Path
    grace_seconds: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM


class Service:
    """One supervised service. `look` is called again and again by the supervisor."""

    def __init__(self, spec: ServiceSpec) -> None:
        self.spec = spec
        self.condition = "not started"
        self._child: Child | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._child is not None and self._child.exit_code() is None

    @property
    def last_words(self) -> str:
        """The end of what its last process wrote."""
        return self._child.log.tail() if self._child else ""

    def start(self) -> None:
        """Start its process."""
        spec = self.spec
        self._child = Child(
            spec.name,
            spec.command,
            environment=spec.environment,
            log=spec.log,
            cwd=spec.cwd,
            stop_signal=spec.stop_signal,
        )
        self._started_at = time.monotonic()
        self.condition = "running"

    def look(self) -> None:
        """Notice a death, and start the process again once its pause is over."""
        if self._child is None or self.runs:
            return
        now = time.monotonic()
        if self.condition == "running":
            if now - self._started_at > STEADY_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            self._start_at = now + self._pause
            self.condition = f"ended ({describe_exit(self._child.exit_code())}), starts again"
            lines = self.last_words.splitlines()
            say(
                self.spec.name,
                f"ended ({describe_exit(self._child.exit_code())}), starts again in "
                f"{self._pause:.0f} s. {lines[-1] if lines else ''} [{self.spec.log}]",
            )
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            self._child.stop(0)  # whatever it left in its session
        elif now >= self._start_at:
            self.start()

    def ask_to_stop(self) -> None:
        """Send the stop signal; `stop` follows."""
        if self._child is not None:
            self._child.ask_to_stop()

    def stop(self, in_haste: Callable[[], bool] = lambda: False) -> None:
        """End its process, by force when its grace is over or as soon as there is haste."""
        child = self._child
        if child is None:
            return
        child.ask_to_stop()
        limit = time.monotonic() + self.spec.grace_seconds
        while child.wait(0.1) is None and time.monotonic() < limit and not in_haste():
            pass
        if not child.stop(0):
            say(self.spec.name, "did not end in good order and was killed")
        self.condition = "stopped"


def describe_exit(code: int | None) -> str:
    """An exit status in words: `exit 1`, or the name of the signal."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit {code}"
