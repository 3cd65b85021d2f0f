"""The pool of threads and the event loop that has to hear of its free slots."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from kombu.asynchronous import Hub, set_event_loop

from evaluator.worker.pool import PromptPool

SECONDS = 1.5
"""Less than the two seconds that the loop sleeps by itself with nothing to do."""


@pytest.fixture
def loop() -> Iterator[Any]:
    """The event loop of this process, with nothing due for a long time and nothing to read."""
    hub: Any = Hub()  # type: ignore[no-untyped-call]
    set_event_loop(hub)
    read, write = os.pipe()
    hub.add_reader(read, lambda: None)
    hub.call_later(3600, lambda: None)
    yield hub
    hub.close()
    set_event_loop(None)
    os.close(read)
    os.close(write)


def test_a_job_that_ends_begins_the_loops_next_turn(loop: Any) -> None:
    pool = PromptPool(limit=1)
    may_end, begun = threading.Event(), threading.Event()
    loop.on_tick.add(begun.set)
    pool.on_apply(may_end.wait, (2 * SECONDS,))
    turn = threading.Thread(target=loop.run_once, daemon=True)
    turn.start()
    begun.wait()
    may_end.set()
    turn.join(SECONDS)
    assert not turn.is_alive()
    pool.on_stop()
