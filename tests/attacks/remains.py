"""What a sandbox has on its host at the moment: containers, processes and folders of jobs."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from evaluator.contract import Stage
from evaluator.sandbox.container import OWNER_LABEL
from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox
from evaluator.sandbox.docker_sandbox import DockerSandbox
from tests.support.waiting import wait_for

OwnSandbox = DockerSandbox | DockerMetricSandbox


def containers_of(sandbox: OwnSandbox) -> list[str]:
    """The ids of its containers, running or not."""
    label = f"{OWNER_LABEL}={sandbox._workspace.owner}"
    found = sandbox._api.containers(all=True, quiet=True, filters={"label": label})
    return [container["Id"] for container in found]


def job_folders_of(sandbox: OwnSandbox) -> list[Path]:
    """The folders of jobs that are not removed yet."""
    return list(sandbox._workspace._folder.glob("job-*"))


def await_nothing_left(sandbox: OwnSandbox) -> None:
    """Wait until no container and no job's folder of the sandbox is there any more."""
    wait_for(lambda: not containers_of(sandbox), "the end of the containers")
    wait_for(lambda: not job_folders_of(sandbox), "the end of the jobs' folders")


def processes_that_name(word: str) -> list[Path]:
    """Processes of the host, those in containers included, with `word` in their arguments.

    A container's id stands in those of the engine's processes for it; of gVisor's too, whose
    models are no processes of the host.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            if word.encode() in (process / "cmdline").read_bytes():
                found.append(process)
    return found


def processes_called(name: str) -> list[Path]:
    """Processes of the host, those in containers included, that have given themselves a name."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # as above
            if (process / "comm").read_text().strip() == name:
                found.append(process)
    return found


@dataclass
class PoliteEnding:
    """Asks a sandbox's containers to end by SIGTERM, once, when a process bears the name `name`.

    A run's watch. The containers' first processes pass the signal on to the model, and whoever
    heeds it may be gone before it could come again.
    """

    sandbox: OwnSandbox
    name: str
    asked: bool = False

    def __call__(self, _stage: Stage | None = None) -> None:
        """Look, and ask if it is time."""
        if not self.asked and processes_called(self.name):
            for container in containers_of(self.sandbox):
                cast(Any, self.sandbox._api).kill(container, signal="SIGTERM")
            self.asked = True
