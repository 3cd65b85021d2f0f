"""Waiting for what another thread or process is about to do: for a condition, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_SECONDS = 0.05


def wait_for(read: Callable[[], T], what: str, seconds: float = 60) -> T:
    """The first true answer of `read`; fails with `what` was awaited after `seconds`."""
    limit = time.monotonic() + seconds
    while not (answer := read()):
        assert time.monotonic() < limit, f"{what} did not come within {seconds} s"
        time.sleep(LOOK_SECONDS)
    return answer
