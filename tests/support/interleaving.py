"""Two transactions that meet: the first is held open until the second waits for its locks."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection, connections, transaction

from tests.support.waiting import wait_for

A = TypeVar("A")
B = TypeVar("B")

_WAITING = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def second_waits_for_first(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, Future[B]]:
    """Run `first` in a transaction, and `second` beside it once `first` has its locks.

    Commits `first` when `second` is seen waiting for a lock; fails if it never waits. Returns
    what `first` returned, and the future of `second`, which is done.
    """

    def beside() -> B:
        try:
            return second()
        finally:
            connections.close_all()

    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            row = cursor.fetchone()
        return bool(row and row[0])

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        answer = first()
        future = pool.submit(beside)
        wait_for(lambda: future.done() or somebody_waits(), "a lock that is waited for", 20)
        assert not future.done(), "the second did not wait for the first"
    return answer, future
