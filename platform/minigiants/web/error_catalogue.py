"""Every error code of the platform with its reason and remedy, for the page that documents them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Final

from evaluator.contract import PARTICIPANT_FAILURES
from evaluator.inspection.refusals import CATALOGUE
from minigiants.core.problems import Problem
from minigiants.submissions.failures import EXPLANATIONS

_MODULES: Final = (
    "minigiants.core.problems",
    "minigiants.accounts.problems",
    "minigiants.competitions.problems",
    "minigiants.teams.problems",
    "minigiants.artifacts.problems",
    "minigiants.leaderboards.problems",
    "minigiants.submissions.problems",
    "minigiants.notifications.problems",
    "minigiants.community.problems",
    "minigiants.api.problems",
)

INSPECTION: Final = "Refused at inspection"
RUN: Final = "Runs that failed"
REQUEST: Final = "Requests that were not carried out"


@dataclass(frozen=True)
class Case:
    """One meaning of a code."""

    section: str
    title: str
    why: str
    mend: str
    note: str


@dataclass(frozen=True)
class Entry:
    """A code with all its meanings. Some codes are said both of a request and of a run."""

    code: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Section:
    """Codes that are met in the same place."""

    title: str
    entries: tuple[Entry, ...]


@cache
def error_catalogue() -> tuple[Section, ...]:
    """All codes, each once, in the section of its first meaning."""
    cases: dict[str, list[Case]] = defaultdict(list)
    for code, case in (*_refusals(), *_failures(), *_problems()):
        cases[code].append(case)
    entries = [Entry(code, tuple(found)) for code, found in sorted(cases.items())]
    return tuple(
        Section(title, tuple(e for e in entries if e.cases[0].section == title))
        for title in (INSPECTION, RUN, REQUEST)
    )


def _refusals() -> Iterator[tuple[str, Case]]:
    for code, rule in CATALOGUE.items():
        title = code.value.replace("_", " ").capitalize()
        yield code.value, Case(INSPECTION, title, rule.why, rule.mend, "Costs no quota.")


def _failures() -> Iterator[tuple[str, Case]]:
    for failure, words in EXPLANATIONS.items():
        note = (
            "Costs no quota, but counts against the failures of the day."
            if failure in PARTICIPANT_FAILURES
            else "Costs nothing: it was not the model's fault."
        )
        yield failure.value, Case(RUN, words.title, words.why, words.mend, note)


def _problems() -> Iterator[tuple[str, Case]]:
    for module in _MODULES:
        import_module(module)
    seen: set[str] = set()
    for kind in _subclasses(Problem):
        if kind.code not in seen and kind.__module__ in _MODULES:
            seen.add(kind.code)
            yield (
                kind.code,
                Case(REQUEST, kind.title, "", kind.mend, f"HTTP status {kind.status}."),
            )


def _subclasses(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)
