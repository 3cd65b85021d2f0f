"""The fork server as a process, in the fallback's namespaces: the words that it answers."""

import dataclasses
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import Limits
from evaluator.harness.commands import encode_command
from evaluator.harness.protocol import (
    NO_RUN,
    VERSION,
    Begin,
    Command,
    Complaint,
    End,
    Ended,
    Frame,
    FrameReader,
    Kind,
    Load,
    Predict,
    log_marker,
)
from evaluator.sandbox.base import SandboxUnavailable
from evaluator.sandbox.conversation import JOB_MOUNT
from evaluator.sandbox.fallback_guest import FallbackGuest
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.sandbox.guest import Source
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.workspace import JobFolder
from tests.evaluator.harness.onnx_models import linear, save
from tests.support.missing import missing

ONE, TWO, THREE = b"run one.", b"run two.", b"run 3..."
SETTINGS = {"classes": 3, "input": {"shape": [4], "dtype": "float32"}}
SECONDS = 20.0
THREADED = """
import runpy, threading
from evaluator.harness import onnx_runner
warm_up = onnx_runner.OnnxRunner.warm_up
def with_a_thread(self):
    warm_up(self)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
onnx_runner.OnnxRunner.warm_up = with_a_thread
runpy.run_module("evaluator.harness", run_name="__main__", alter_sys=True)
"""


class OpenedSandbox(FallbackSandbox):
    """Lets a test talk to the server itself."""

    def prove(self, *, on_tick: Callable[[], None]) -> None:
        """Nothing: the test that starts a server proves it."""


class Talk:
    """Words to and fro with a server, and all that it printed."""

    def __init__(self, guest: FallbackGuest, job: JobFolder) -> None:
        self.guest = guest
        self.job = job
        self.log = b""
        self.ended = False
        self._reader = FrameReader()
        self._frames: list[Frame] = []

    def say(self, *commands: Command) -> None:
        self.guest.send(b"".join(encode_command(command) for command in commands))

    def frame(self) -> Frame:
        limit = time.monotonic() + SECONDS
        while not self._frames:
            assert time.monotonic() < limit, self.log
            self._take()
            assert self._frames or not self.ended, self.log
        return self._frames.pop(0)

    def end(self) -> None:
        """Wait until nobody says anything any more."""
        limit = time.monotonic() + SECONDS
        while not self.ended:
            assert time.monotonic() < limit
            self._take()

    def _take(self) -> None:
        chunks = self.guest.receive(1)
        if chunks is None:
            self.ended = True
            return
        for source, data in chunks:
            if source is Source.LOG:
                self.log += data
            else:
                self._frames += self._reader.feed(data)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[OpenedSandbox]:
    try:
        opened = OpenedSandbox(scratch=tmp_path / "scratch")
    except SandboxUnavailable as unavailable:
        missing("The fallback sandbox", str(unavailable))
    yield opened
    opened.close()


def start(sandbox: OpenedSandbox, *program: str) -> Iterator[Talk]:
    with sandbox._workspace.job() as job:
        plan = sandbox._plan(GuestKey.of("onnx", Limits()), job)
        if program:
            python, _, _, _, *arguments = plan.arguments
            plan = dataclasses.replace(plan, arguments=[python, "-s", *program, *arguments])
        guest = FallbackGuest(plan)
        try:
            yield Talk(guest, job)
        finally:
            guest.destroy()


@pytest.fixture
def talk(sandbox: OpenedSandbox) -> Iterator[Talk]:
    for talk in start(sandbox):
        assert talk.frame() == Frame(Kind.READY, NO_RUN, bytes([VERSION]))
        yield talk


@pytest.fixture
def threaded(sandbox: OpenedSandbox) -> Iterator[Talk]:
    yield from start(sandbox, "-c", THREADED)


def load(talk: Talk, run: bytes) -> Load:
    """A command to load a model that is laid out for it."""
    folder = talk.job.path / run.decode().replace(" ", "-")
    if not folder.exists():
        save(linear(np.eye(4, 3, dtype=np.float32)), folder)
        np.save(folder / "inputs.npy", np.ones((5, 4), dtype=np.float32))
        folder.chmod(0o755)
        for file in folder.iterdir():
            file.chmod(0o644)
    return Load(
        run=run,
        folder=f"{JOB_MOUNT}/{folder.name}",
        task_type="classification",
        task_settings=SETTINGS,
        seed=1,
    )


def ending(talk: Talk, run: bytes) -> Ended:
    frame = talk.frame()
    assert (frame.kind, frame.run) == (Kind.ENDED, run)
    return Ended.decode(frame.payload)


def test_one_process_serves_many_submissions(talk: Talk) -> None:
    for run in (ONE, TWO):
        command = load(talk, run)
        talk.say(Begin(run))
        assert talk.frame() == Frame(Kind.BEGUN, run)
        talk.say(command)
        assert talk.frame() == Frame(Kind.LOADED, run)
        talk.say(Predict(run=run, inputs=f"{command.folder}/inputs.npy"))
        assert talk.frame().kind is Kind.PREDICTIONS
        assert talk.frame() == Frame(Kind.DONE, run)
        talk.say(End())
        ended = ending(talk, run)

        assert ended.code == 0
        assert ended.cpu_seconds > 0
        assert ended.peak_memory_bytes > 0
        assert log_marker(ended.mark) in talk.log


def test_commands_may_come_together_with_the_one_to_begin(talk: Talk) -> None:
    talk.say(Begin(ONE), load(talk, ONE), End())

    assert [talk.frame().kind for _ in range(3)] == [Kind.BEGUN, Kind.LOADED, Kind.ENDED]


def test_commands_for_a_dead_child_are_dropped(talk: Talk) -> None:
    command = dataclasses.replace(load(talk, ONE), folder="/job/absent")
    talk.say(Begin(ONE), command)
    assert talk.frame() == Frame(Kind.BEGUN, ONE)
    assert talk.frame() == Frame(Kind.FAILED, ONE, Complaint.LOAD_FAILED.encode())
    assert ending(talk, ONE).code == 1

    talk.say(Predict(run=ONE, inputs="/job/inputs.npy"), End(), Begin(TWO), load(talk, TWO))
    assert talk.frame() == Frame(Kind.BEGUN, TWO)
    assert talk.frame() == Frame(Kind.LOADED, TWO)


def test_a_child_that_is_told_nonsense_ends_alone(talk: Talk) -> None:
    talk.say(Begin(ONE), Begin(TWO))
    assert talk.frame() == Frame(Kind.BEGUN, ONE)
    assert ending(talk, ONE).code == 1
    assert b"begin came within a submission" in talk.log

    talk.say(Begin(THREE))
    assert talk.frame() == Frame(Kind.BEGUN, THREE)


def test_it_ends_with_its_host(talk: Talk) -> None:
    assert talk.guest._launcher.stdin is not None
    talk.guest._launcher.stdin.close()
    talk.end()

    assert talk.guest.destroy().code == 0


def test_it_does_not_fork_with_threads(threaded: Talk) -> None:
    assert threaded.frame().kind is Kind.READY
    threaded.say(Begin(ONE))
    threaded.end()

    assert b"has 2 threads: it must not fork" in threaded.log


def test_it_has_to_be_the_first_process() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.harness", "--format", "onnx", "--serve"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"it needs to be init" in done.stderr
