"""Where hostile models are run: against a real sandbox, and against one with a defence removed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.contract import Limits, Stage, TaskSpec
from evaluator.sandbox.base import SandboxRequest, SandboxResult
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.environment import FILTER_SYSTEM_CALLS
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder

MEBIBYTE = 1024**2
SMOKE_EXAMPLES, HIDDEN_EXAMPLES, CLASSES = 8, 600, 3
CANARY = 7319.25
"""A number that stands in the hidden inputs alone."""

WORKER_SECRET = "secret-of-a-worker"
"""Stands in the environment of a process of the host."""

TASK = TaskSpec(
    type="classification",
    settings={"classes": CLASSES, "input": {"shape": [4], "dtype": "float32"}},
)
LIMITS = Limits(
    memory_bytes=192 * MEBIBYTE,
    load_seconds=20,
    smoke_seconds=20,
    hidden_seconds=20,
    processes=32,
    scratch_bytes=8 * MEBIBYTE,
    log_bytes=64 * 1024,
)
MODEL = """
import os, sys
import numpy as np

{top}

class Model:
    def predict(self, inputs):
        hidden = os.path.exists("/job/hidden.npy")
        scores = np.zeros((len(inputs), 3), dtype=np.float32)
{predict}
        return scores

def load(folder, device):
{load}
    return Model()
"""


@dataclass(frozen=True)
class Hostile:
    """Source to run at import, in `load(folder, device)` and in `predict(inputs)` of a model.

    In `predict`, `hidden` tells whether the hidden inputs are there, and `scores` is returned.
    """

    top: str = ""
    load: str = "pass"
    predict: str = "pass"

    def source(self) -> str:
        """The text of model.py."""
        return MODEL.format(
            top=self.top,
            load=_indented(self.load, 4),
            predict=_indented(self.predict, 8),
        )


def _indented(source: str, spaces: int) -> str:
    return "\n".join(" " * spaces + line for line in source.strip().splitlines())


@dataclass
class ProvingGround:
    """Runs hostile models against one sandbox. `model` and `output` are the last one's folders."""

    sandbox: DockerSandbox
    folder: Path
    attacks: int = 0

    @property
    def model(self) -> Path:
        return self.folder / f"attack{self.attacks}" / "model"

    @property
    def output(self) -> Path:
        return self.folder / f"attack{self.attacks}" / "output"

    def attack(
        self, hostile: Hostile, *, watch: Callable[[Stage], None] | None = None, **limits: Any
    ) -> SandboxResult:
        """Run one. `watch` is called whenever the sandbox says where it stands."""
        self.attacks += 1
        for folder in (self.model, self.output):
            folder.mkdir(parents=True)
        (self.model / "model.py").write_text(hostile.source())
        smoke = np.zeros((SMOKE_EXAMPLES, 4), dtype=np.float32)
        hidden = np.full((HIDDEN_EXAMPLES, 4), CANARY, dtype=np.float32)
        np.save(self.folder / "smoke.npy", smoke)
        np.save(self.folder / "hidden.npy", hidden)

        def on_stage(stage: Stage) -> bool:
            if watch is not None:
                watch(stage)
            return True

        return self.sandbox.run(
            SandboxRequest(
                format="python",
                task=TASK,
                model_folder=self.model,
                smoke_inputs=self.folder / "smoke.npy",
                hidden_inputs=self.folder / "hidden.npy",
                output_folder=self.output,
                limits=LIMITS.model_copy(update=limits),
                seed=0,
            ),
            on_stage=on_stage,
        )

    def serve_an_honest_model(self) -> None:
        """Whatever was done to it, the sandbox goes on: the next model gets its predictions."""
        result = self.attack(Hostile())
        assert (result.failure, result.smoke_log, result.host_log) == (None, "", "")
        assert result.predictions is not None
        assert np.load(result.predictions).shape == (HIDDEN_EXAMPLES, CLASSES)


class WeakenedSandbox(DockerSandbox):
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
        runtime: str,
    ) -> None:
        super().__init__(scratch=scratch, image=image, runtime=runtime)
        self._host = host
        self._container = container
        self._writable_job = writable_job
        self._filtered = filtered

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        settings = super()._settings(key, job)
        if self._writable_job:
            settings.host["mounts"][0]["ReadOnly"] = False
        if not self._filtered:
            settings.container["command"].remove(FILTER_SYSTEM_CALLS)
        return replace(
            settings,
            host={**settings.host, **self._host},
            container={**settings.container, **self._container},
        )
