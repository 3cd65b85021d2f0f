"""docs/api.md tells every code, and nothing that does not exist."""

import re
from importlib import import_module
from pathlib import Path

from minigiants.core.problems import Problem

DOCS = Path(__file__).resolve().parents[3] / "docs"
ROW = re.compile(r"^\| `(?P<code>\w+)` \| (?P<status>\d{3}) \| (?P<title>.*) \|$", re.MULTILINE)
APPS = (
    "core",
    "accounts",
    "competitions",
    "teams",
    "artifacts",
    "leaderboards",
    "submissions",
    "notifications",
    "community",
    "api",
)


def _problems(kind: type[Problem]) -> set[type[Problem]]:
    return {kind}.union(*(_problems(child) for child in kind.__subclasses__()))


def test_the_table_of_codes_is_whole_and_true() -> None:
    for app in APPS:
        import_module(f"minigiants.{app}.problems")
    expected = {
        (kind.code, str(kind.status), kind.title)
        for kind in _problems(Problem)
        # without a title of its own a kind is its parent, seen by programmers only
        if kind is not Problem and "title" in vars(kind) and kind.__module__.split(".")[1] in APPS
    }
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    assert {row.groups() for row in ROW.finditer(text)} == expected
