"""Fork servers whose children run hostile source, as if a model had taken its runtime over.

No file of a format without code makes onnxruntime or transformers run anything. What this stands
for is the day on which one does.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.contract import Limits
from evaluator.sandbox.base import SandboxRequest, SandboxResult
from evaluator.sandbox.confinement.plan import Plan
from evaluator.sandbox.container import ContainerSettings
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.environment import FILTER_SYSTEM_CALLS
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder
from tests.attacks.proving_ground import TASK
from tests.evaluator.harness.onnx_models import linear, save

PAYLOAD = "payload.py"
MEBIBYTE = 1024**2
LIMITS = Limits(
    memory_bytes=192 * MEBIBYTE,
    load_seconds=20,
    smoke_seconds=20,
    hidden_seconds=20,
    processes=32,
    log_bytes=64 * 1024,
)

BOOT = """
import contextlib, ctypes, errno, fcntl, gc, glob, mmap, os, runpy, signal, socket, sys, time
from pathlib import Path
from evaluator.harness import fork_server, forked_child, processes
from evaluator.harness import onnx_runner
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def attempt(name, act):
    try:
        print("OPEN", name, act())
    except OSError as error:
        print("SHUT", name, errno.errorcode.get(error.errno))
load = onnx_runner.OnnxRunner.load
def taken_over(self, folder, options):
    exec((folder / "payload.py").read_text(), globals() | {"folder": folder})
    return load(self, folder, options)
onnx_runner.OnnxRunner.load = taken_over
"""
START = """
runpy.run_module("evaluator.harness", run_name="__main__", alter_sys=True)
"""


class PossessedSandbox(DockerSandbox):
    """A container whose children run their artifact's `payload.py`.

    `weakness` is source that takes one defence from the harness, `host` replaces settings of the
    container.
    """

    weakness = ""
    host: Mapping[str, Any] = {}
    filtered = True

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        settings = super()._settings(key, job)
        arguments = settings.container["command"][1:]
        if not self.filtered:
            arguments.remove(FILTER_SYSTEM_CALLS)
        program = {
            "entrypoint": ["python", "-u", "-c", BOOT + self.weakness + START],
            "command": arguments,
        }
        return replace(
            settings,
            host={**settings.host, **self.host},
            container={**settings.container, **program},
        )


class PossessedFallback(FallbackSandbox):
    """The same in the fallback's confinement."""

    weakness = ""

    def _plan(self, key: GuestKey, job: JobFolder) -> Plan:
        plan = super()._plan(key, job)
        python, _, _, _, *arguments = plan.arguments
        program = [python, "-s", "-u", "-c", BOOT + self.weakness + START]
        return replace(plan, arguments=[*program, *arguments])


@dataclass
class Possessed:
    """Runs payloads one after the other in children of one server."""

    sandbox: PossessedSandbox | PossessedFallback
    folder: Path
    count: int = 0

    def run(self, payload: str, **limits: Any) -> SandboxResult:
        """Run one in the process of an honest model, which then answers."""
        self.count += 1
        folder = self.folder / str(self.count)
        model, output = folder / "model", folder / "output"
        output.mkdir(parents=True)
        save(linear(np.eye(4, 3, dtype=np.float32)), model)
        (model / PAYLOAD).write_text(payload)
        inputs = folder / "inputs.npy"
        np.save(inputs, np.ones((8, 4), dtype=np.float32))
        return self.sandbox.run(
            SandboxRequest(
                format="onnx",
                task=TASK,
                model_folder=model,
                smoke_inputs=inputs,
                hidden_inputs=inputs,
                output_folder=output,
                limits=LIMITS.model_copy(update=limits),
                seed=0,
            ),
            on_stage=lambda _stage: True,
        )

    def told(self, payload: str) -> str:
        """What a payload printed, in a job that is scored all the same."""
        result = self.run(payload)
        assert result.failure is None, (result.failure_detail, result.smoke_log, result.host_log)
        return result.smoke_log

    def server(self) -> object:
        """The server that has run the last job, and waits for the next."""
        return self.sandbox._supply._servers._idle[0]


@dataclass
class Weaknesses:
    """Makes throwaway sandboxes under runc without one defence: the controls."""

    image: str
    folder: Path
    opened: ExitStack = field(default_factory=ExitStack)

    def __call__(self, weakness: str = "", *, filtered: bool = True, **host: Any) -> Possessed:
        made = type(
            "Weakened",
            (PossessedSandbox,),
            {"weakness": weakness, "host": host, "filtered": filtered},
        )
        scratch = self.folder / "scratch"
        sandbox = made(scratch=scratch, image=self.image, runtime="runc")
        self.opened.callback(sandbox.close)
        return Possessed(sandbox, self.folder)
