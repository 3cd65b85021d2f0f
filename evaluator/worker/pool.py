"""Celery's pool of threads, which says at once when a slot is free."""

from typing import Any

from celery.concurrency.thread import TaskPool
from kombu.asynchronous import get_event_loop


class PromptPool(TaskPool):  # type: ignore[misc]
    """Wakes the consumer's event loop whenever a job has ended.

    The consumer asks for a message only while a slot is free, and looks for that once in a turn
    of its loop. A job that ends in another thread does not end the turn: without being woken the
    loop sleeps on, up to a second, with the slot empty.
    """

    def on_apply(self, *args: Any, **kwargs: Any) -> Any:
        """Begin a job in a thread. Celery calls this in the loop's own thread."""
        result = super().on_apply(*args, **kwargs)
        loop = get_event_loop()
        if loop is not None:
            result.f.add_done_callback(lambda _: loop.call_soon(_look_again))  # type: ignore[no-untyped-call]
        return result


def _look_again() -> None:
    """Nothing to do: being called is what makes the loop begin its next turn."""
