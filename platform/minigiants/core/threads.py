"""Database work of asynchronous code."""

from collections.abc import Callable
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

T = TypeVar("T")


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
            for connection in connections.all(initialized_only=True):
                if not connection.in_atomic_block:  # a caller's transaction needs it still
                    connection.close_if_unusable_or_obsolete()

    return await sync_to_async(released, thread_sensitive=of_request)()
