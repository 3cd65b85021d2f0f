"""Celery's handlers of signals, each of which may run once, and never beside another.

They take a lock that the same thread can't take twice, and write to streams that bear no second
writer. A signal that comes again while it is handled would wait for ever for what it has itself
interrupted, and the worker would never end. A supervisor that ends, and its guards, send several.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)

Handler = Callable[[int, FrameType | None], object]


class HandledOnce:
    """Handlers that drop what says the same again. What Celery installs later is not among them,
    such as that of the second Ctrl-C, which ends running jobs.
    """

    def __init__(self) -> None:
        self._running = False
        self._own: list[Handler] = []

    def install(self) -> None:
        """Take the place of those that are installed. For the main thread, as often as it likes."""
        for number in ENDING:
            handler = signal.getsignal(number)
            if callable(handler) and handler not in self._own:
                self._own.append(self._once(handler))
                signal.signal(number, self._own[-1])

    def retire(self) -> None:
        """Ignore what comes from now on: all is stopped, and the interpreter, which puts back the
        deadly defaults before it has ended, would not exit with the status that is due.
        """
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)

    def _once(self, handler: Handler) -> Handler:
        begun = False

        def handle(number: int, frame: FrameType | None) -> None:
            nonlocal begun
            if begun or self._running:
                return
            begun = self._running = True
            try:
                handler(number, frame)
            finally:
                self._running = False

        return handle
