"""Taking no more work while none could begin."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from evaluator.sandbox.base import SandboxCancelled, SandboxError
from evaluator.worker.shutdown import Shutdown

FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
UNTOLD: Final = "A job could not begin."

log = structlog.get_logger()


class Recovery:
    """Holds the slots of a worker back after a job that could not even begin. Threads may share it.

    A worker whose engine is gone would else break one job after the other, faster than any other
    worker does one. The pauses grow with each such job in a row, and with each vain try of
    `prove`, which raises `SandboxError` as long as no job could begin. It is called with what to
    call about once a second.
    """

    def __init__(self, prove: Callable[[Callable[[], None]], None], *, shutdown: Shutdown) -> None:
        self._prove = prove
        self._shutdown = shutdown
        self._hindrance = ""
        self._pause = 0.0
        self._state = threading.Lock()
        self._waiting = threading.Lock()

    @property
    def hindrance(self) -> str:
        """Why no job can begin at present; empty while jobs can."""
        return self._hindrance

    def hinder(self, reason: str) -> None:
        """A job could not begin."""
        with self._state:
            self._hindrance = reason or UNTOLD
            self._lengthen()
            log.error("no more work is taken", pause=self._pause, reason=reason)

    def succeed(self) -> None:
        """A job was carried out."""
        with self._state:
            if not self._hindrance:
                self._pause = 0.0

    def wait(self) -> bool:
        """Wait until jobs can begin again; false if the worker is to stop first."""
        with self._waiting:  # one looks, for all
            while self._hindrance:
                if self._shutdown.begun.wait(self._pause):
                    return False
                try:
                    self._prove(self._tick)
                except SandboxError as error:
                    with self._state:
                        self._hindrance = str(error) or UNTOLD
                        self._lengthen()
                        log.warning("no job can begin yet", pause=self._pause, reason=str(error))
                else:
                    with self._state:
                        self._hindrance = ""
                    log.info("work is taken again")
        return True

    def _lengthen(self) -> None:
        self._pause = min(2 * self._pause or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    def _tick(self) -> None:
        if self._shutdown.begun.is_set():
            raise SandboxCancelled
