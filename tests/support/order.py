"""In which order files are tested: those first that take long, so that no core idles at the end."""

from collections.abc import Iterable

import pytest

SLOW_MARKS = ("browser", "server", "docker")
"""Whose tests wait for other processes; the earlier ones begin. Docker's come after those that
need no image, which is built as soon as one test asks for it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files, and leave the order within each. It is the same in each process of a run."""
    ranks: dict[str, int] = {}
    for item in items:
        file = item.nodeid.partition("::")[0]
        ranks[file] = min(_rank(item.iter_markers()), ranks.get(file, len(SLOW_MARKS)))
    items.sort(key=lambda item: ranks[item.nodeid.partition("::")[0]])


def _rank(marks: Iterable[pytest.Mark]) -> int:
    ranks = [SLOW_MARKS.index(mark.name) for mark in marks if mark.name in SLOW_MARKS]
    return max(ranks, default=len(SLOW_MARKS))
