"""Trying again for as long as it can help."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from evaluator.worker.platform_client import Unreachable

FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 10.0

T = TypeVar("T")

log = structlog.get_logger()


def retried(
    action: Callable[[], T], *, what: str, pause: Callable[[float], bool], seconds: float
) -> T:
    """Do `action` until it is no longer `Unreachable`, for at most about `seconds`.

    `pause(seconds)` waits, and says false where going on is pointless. Then, or when the time
    is over, the last `Unreachable` is raised; any other error at once.
    """
    deadline = time.monotonic() + seconds
    wait = FIRST_PAUSE_SECONDS
    while True:
        try:
            return action()
        except Unreachable as error:
            left = deadline - time.monotonic()
            if left <= 0 or not pause(min(wait, left)):
                raise
            log.warning("trying again", action=what, reason=str(error))
        wait = min(2 * wait, LONGEST_PAUSE_SECONDS)
