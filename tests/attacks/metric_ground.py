"""Where hostile metrics are called: in their real sandbox, and in one with a defence removed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from docker.types import Mount

from evaluator.contract import Limits, MetricLimits
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox
from evaluator.sandbox.environment import FILTER_SYSTEM_CALLS
from evaluator.sandbox.metric_base import MetricCall, MetricFailed, MetricResult, SubmissionRefused
from evaluator.sandbox.workspace import JobFolder
from evaluator.scoring.custom import SplitTables
from tests.attacks.remains import await_nothing_left

LIMITS = MetricLimits(time_seconds=30, memory_bytes=256 * 1024**2)
METRIC = """
import os
import pandas as pd
class ParticipantVisibleError(Exception):
    pass
def tell(*words):
    raise ParticipantVisibleError(" ".join(map(str, words)))
def score(solution, submission, row_id_column_name):
{body}
    return 0.5
"""


@dataclass
class MetricGround:
    """Calls hostile metrics in one sandbox."""

    sandbox: DockerMetricSandbox
    folder: Path

    def attack(
        self,
        body: str,
        *,
        tables: SplitTables | None = None,
        watch: Callable[[], None] = lambda: None,
        **limits: Any,
    ) -> MetricResult:
        """Call a metric whose `score` begins with `body`; `tell` in it ends it with words."""
        code = self.folder / "metric.py"
        indented = "\n".join("    " + line for line in body.strip().splitlines())
        code.write_text(METRIC.format(body=indented))
        tables = tables or self._harmless_tables()
        call = MetricCall(
            code=code,
            solution=tables.solution,
            submission=tables.submission,
            rows=tables.rows,
            row_id_column="id",
            params={},
            limits=LIMITS.model_copy(update=limits),
        )
        return self.sandbox.run(call, on_tick=watch)

    def _harmless_tables(self) -> SplitTables:
        # Two files: to rename one name of a file to another of it would succeed and do nothing.
        solution, submission = self.folder / "solution.csv", self.folder / "submission.csv"
        for table in (solution, submission):
            table.write_text("id,y\na,1\nb,2\nc,3\n")
        return SplitTables(solution=solution, submission=submission, rows=3)


class WeakenedMetricSandbox(DockerMetricSandbox):
    """A throwaway sandbox from which one defence has been taken."""

    def __init__(
        self,
        *,
        scratch: Path,
        image: str,
        host: dict[str, Any],
        container: dict[str, Any],
        writable_job: bool,
        filtered: bool,
        show: Path | None,
    ) -> None:
        """`show` is a folder of the host that appears as /house."""
        super().__init__(scratch=scratch, image=image, runtime="runc")
        self._show = show
        self._host = host
        self._container = container
        self._writable_job = writable_job
        self._filtered = filtered

    def _settings(self, limits: Limits, job: JobFolder) -> ContainerSettings:
        settings = super()._settings(limits, job)
        if not self._filtered:
            settings.container["command"].remove(FILTER_SYSTEM_CALLS)
        if self._writable_job:
            settings.host["mounts"][0]["ReadOnly"] = False
        if self._show is not None:
            house = Mount("/house", str(self._show), type="bind", read_only=True)
            settings.host["mounts"].append(house)
        return replace(
            settings,
            host={**settings.host, **self._host},
            container={**settings.container, **self._container},
        )


def told(ground: MetricGround, body: str) -> str:
    """What a payload tells by `tell`."""
    with pytest.raises(SubmissionRefused) as refused:
        ground.attack(body)
    return str(refused.value)


def telling(body: str) -> str:
    """A payload that tells what another one prints."""
    indented = "\n".join("    " + line for line in body.strip().splitlines())
    return (
        "import contextlib, io\n"
        f"with contextlib.redirect_stdout(io.StringIO()) as said:\n{indented}\n"
        "tell(said.getvalue())"
    )


def failure(ground: MetricGround, body: str, **limits: Any) -> str:
    """How a payload fails; the next call works as if nothing had been."""
    with pytest.raises(MetricFailed) as failed:
        ground.attack(body, **limits)
    await_nothing_left(ground.sandbox)
    assert ground.attack("pass").score == 0.5
    return str(failed.value)
