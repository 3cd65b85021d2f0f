"""Boards of growing size: pages, ranks, updates; and adding submissions up at each request."""

import os
import random
import secrets
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.servers import Servers

SIZES = (1_000, 10_000, 100_000)
ENTRIES = 10
"""Scored submissions a team."""
FEW_TEAMS = 100
"""The board with which the page of the largest one is compared."""


def measure(*, sizes: Sequence[int] = SIZES, repeats: int = 60) -> dict[str, Any]:
    """Fill boards of `sizes` teams in one database and time what readers and scores do to each.

    Times are medians in milliseconds.
    """
    with ExitStack() as cleanup:
        _start(cleanup)
        from benchmarks.filled_boards import FilledBoard, filled_board

        boards: dict[int, FilledBoard] = {
            size: filled_board(size, entries=ENTRIES) for size in (FEW_TEAMS, *sizes)
        }
        figures: dict[str, Any] = {"entries a team": ENTRIES}
        for size in sizes:
            for name, act in boards[size].acts().items():
                figures[f"{size:,} teams: {name} (ms)"] = _timed(act, repeats)
            for name, act in boards[size].obvious_acts().items():
                figures[f"{size:,} teams: {name} (ms)"] = _timed(act, max(repeats // 12, 3))
        for name in boards[sizes[0]].acts():
            first, last = (
                figures[f"{size:,} teams: {name} (ms)"] for size in (sizes[0], sizes[-1])
            )
            figures[f"growth: {name}"] = last / first
        few = _timed(boards[FEW_TEAMS].page, repeats)
        many = _timed(boards[sizes[-1]].page, repeats)
        figures["leaderboard page, 100 teams (ms)"] = few
        figures[f"leaderboard page, {sizes[-1]:,} teams (ms)"] = many
        figures["growth: leaderboard page"] = many / few
    return figures


def _start(cleanup: ExitStack) -> None:
    """A PostgreSQL and a Redis of our own, and Django on them."""
    servers = Servers(own_postgres=True)
    cleanup.callback(servers.stop)
    servers.start()
    assert servers.postgres is not None
    blobs = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="minigiants-bench-")))
    os.environ.update(
        {
            "MINIGIANTS_DATABASE_URL": servers.postgres.url(),
            "MINIGIANTS_BROKER_URL": servers.redis.url("platform"),
            "MINIGIANTS_SECRET_KEY": secrets.token_hex(32),
            "MINIGIANTS_BASE_URL": "http://testserver",
            "MINIGIANTS_BLOBS": str(blobs),
            "MINIGIANTS_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "minigiants.config.settings",
        }
    )
    import django
    from django.core.management import call_command
    from django.db import connections

    django.setup()
    call_command("migrate", verbosity=0)
    cleanup.callback(connections.close_all)


def _timed(act: Callable[[], object], repeats: int) -> float:
    random.seed(7)
    act()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return median(times) * 1000
