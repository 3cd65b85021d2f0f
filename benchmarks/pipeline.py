"""Sending models through a whole server: upload, inspection, queue, sandbox, scoring, record."""

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

from benchmarks.workload import QUOTA, Workload
from client.sdk import Minigiants
from client.views import Submission
from tests.support.embedded_server import EmbeddedServer
from tests.support.participant import participant

FINISH_SECONDS = 1800.0
SANDBOX = os.environ.get("MINIGIANTS_SANDBOX", "fallback")
"""What holds models that bring no code."""


@dataclass(frozen=True)
class Run:
    """What a run took: `seconds` in all, and each submission's way as the API shows it."""

    seconds: float
    views: Sequence[Mapping[str, Any]]

    @property
    def per_minute(self) -> float:
        """Submissions scored a minute, from the first hand-in to the last score."""
        return 60 * len(self.views) / self.seconds

    @property
    def claim_to_report(self) -> float:
        """The median of the seconds between a predict worker's claim and its report."""
        return median(_between(view, "predicting", "scoring") for view in self.views)

    @property
    def report_to_score(self) -> float:
        """The median of the seconds from that report to the score, waiting included."""
        return median(_between(view, "scoring", "scored") for view in self.views)


def _at_once() -> None:
    """Wait for nothing."""


class Pipeline:
    """An embedded server with the workload's competition. Use as a context manager.

    `sandbox` is what holds the models, as MINIGIANTS_SANDBOX names it.
    """

    def __init__(self, workload: Workload, *, sandbox: str, **settings: str) -> None:
        self._workload = workload
        self._environment = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "MINIGIANTS_PACKS": str(workload.packs),
            "MINIGIANTS_SANDBOX": sandbox,
            **settings,
        }
        self._parts = ExitStack()

    def __enter__(self) -> Self:
        with self._parts as parts:
            server = EmbeddedServer((self._workload.slug,), **self._environment)
            parts.enter_context(server)
            sdk = participant(server, self._workload.slug)
            self._sdk: Minigiants = parts.enter_context(sdk)
            self._parts = parts.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._parts.close()

    def one_by_one(self, models: Sequence[Path], *, before: Callable[[], None] = _at_once) -> Run:
        """Hand a model in when the one before is scored: nothing waits for anything else.

        `before` is called before each.
        """
        return self._run(models, at_once=1, before=before)

    def all_at_once(self, models: Sequence[Path]) -> Run:
        """Hand in as many as the quota lets wait at one time."""
        return self._run(models, at_once=QUOTA["concurrent"])

    def _run(
        self, models: Sequence[Path], *, at_once: int, before: Callable[[], None] = _at_once
    ) -> Run:
        slug = self._workload.slug
        uploaded = [self._sdk.upload(model, slug) for model in models]
        waiting: deque[Submission] = deque()
        finished: list[Submission] = []
        started = time.perf_counter()
        for artifact in uploaded:
            if len(waiting) == at_once:
                finished.append(self._scored(waiting.popleft()))
            before()
            waiting.append(self._sdk.submit(artifact.id, slug))
        finished += [self._scored(submission) for submission in waiting]
        return Run(time.perf_counter() - started, [each.raw() for each in finished])

    def _scored(self, submission: Submission) -> Submission:
        done = self._sdk.wait(submission, timeout=FINISH_SECONDS)
        if done.status != "scored":
            raise RuntimeError(f"A model was not scored: {done.raw()['error']}")
        return done


_PASSED_ON = ("DOCKER_HOST", "MINIGIANTS_HARNESS_IMAGE")


def _between(view: Mapping[str, Any], first: str, then: str) -> float:
    times = {change["status"]: datetime.fromisoformat(change["at"]) for change in view["changes"]}
    return (times[then] - times[first]).total_seconds()
