"""The two moments of a shutdown: when it begins, and when running jobs have had their time."""

import threading


class Shutdown:
    """Shared by a worker's threads. Once begun there is no way back.

    From `begun` on, nothing new is waited for. From `overdue` on, running jobs stop and are
    handed back, so that another worker has them at once and not after a lease.
    """

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.overdue = threading.Event()

    def begin(self, grace_seconds: float) -> None:
        """Begin; running jobs may go on for `grace_seconds`."""
        self.begun.set()
        timer = threading.Timer(grace_seconds, self.overdue.set)
        timer.daemon = True
        timer.start()
