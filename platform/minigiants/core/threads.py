"""Database work of asynchronous code."""

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

T = TypeVar("T")


def connections_release() -> None:
    """Give this thread's database connections back, but those that a transaction needs still."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


async def in_thread(call: Callable[[], T], *, of_request: bool = True) -> T:
    """Run `call` in the request's thread and give the database connection back afterwards.

    A request that waits for half a minute must not hold one of the pool's few connections.
    Past Django's handler no request has a thread, and all would wait for the same one: without
    `of_request` any thread will do.
    """

    def released() -> T:
        try:
            return call()
        finally:
            connections_release()

    return await sync_to_async(released, thread_sensitive=of_request)()
