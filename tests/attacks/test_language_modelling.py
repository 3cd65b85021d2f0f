"""Attacks on language modelling: reading ahead, probabilities too good, and the socket misused."""

import socket
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.contract import Failure, Stage
from evaluator.sandbox import examinations, lockstep
from evaluator.sandbox.base import Sandbox, SandboxRequest, SandboxResult
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.examination import Dialogue, Exam, Outcome
from evaluator.sandbox.lockstep_channel import LockstepChannel
from tests.attacks.proving_ground import LIMITS
from tests.evaluator.sandbox.language_models import TASK, write_documents, write_model

pytestmark = pytest.mark.docker

CANARY = "the-hidden-text-itself"
SMOKE = [f"smoke {letter}" for letter in string.ascii_lowercase[:8]]
HIDDEN = [f"{CANARY} {letter}" for letter in string.ascii_lowercase]

SEARCH = f"""
if len(previous) > 8 and self.steps % 7 == 0:
    for top in ("/job", "/tmp", "/dev/shm", "/proc/self/fd"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and name != "model.py":
                    if {CANARY!r}.encode() in open(path, "rb").read():
                        os._exit(42)
"""
HOLD = """
frame = sys._getframe()
while "channel" not in frame.f_locals:
    frame = frame.f_back
channel = frame.f_locals["channel"]
"""
FRAME = """
from evaluator.harness import protocol
frame = sys._getframe()
while "command" not in frame.f_locals or "self" not in frame.f_locals:
    frame = frame.f_back
channels, run = frame.f_locals["self"]._channels, frame.f_locals["command"].run
channels.send(protocol.Frame(protocol.Kind.{kind}, run, {payload}))
"""
SECOND = """
second = socket.socket(socket.AF_UNIX)
try:
    second.connect("/job/lockstep.sock")
except OSError:
    pass
else:
    os._exit(42)
"""
FORGED = (
    HOLD
    + """
from evaluator.harness import lockstep
lockstep._checked = lambda told, documents: np.zeros(0, dtype=np.float32)
channel.sendall(scores.tobytes())
"""
)


class Ground:
    """Examines models of bytes in a sandbox."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self._folder = folder
        self._attacks = 0

    def attack(self, *, start: str = "pass", step: str = "pass", **limits: Any) -> SandboxResult:
        self._attacks += 1
        folder = self._folder / f"attack{self._attacks}"
        output = folder / "output"
        output.mkdir(parents=True)
        return self.sandbox.run(
            SandboxRequest(
                format="python",
                task=TASK,
                model_folder=write_model(folder / "model", start=start, step=step),
                smoke_inputs=write_documents(folder / "smoke.jsonl", SMOKE),
                hidden_inputs=write_documents(folder / "hidden.jsonl", HIDDEN),
                output_folder=output,
                limits=LIMITS.model_copy(update=limits),
                seed=0,
            ),
            on_stage=lambda _stage: True,
        )


@pytest.fixture(scope="module")
def ground(fortress: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """The real sandbox, under runc and under gVisor. After the attacks an honest model passes."""
    ground = Ground(fortress, tmp_path_factory.mktemp("ground"))
    yield ground
    assert ground.attack().failure is None


@pytest.fixture(scope="module")
def quick_ground(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ground]:
    """Under runc alone, for attacks on the host's own checks, alike in every runtime."""
    folder = tmp_path_factory.mktemp("quick")
    sandbox = DockerSandbox(scratch=folder / "scratch", image=harness_image, runtime="runc")
    ground = Ground(sandbox, folder)
    yield ground
    assert ground.attack().failure is None
    sandbox.close()


def verdict(result: SandboxResult) -> tuple[Failure | None, Stage | None]:
    assert (result.predictions is None) == (result.failure is not None)
    return result.failure, result.failed_stage


def test_the_text_is_nowhere(ground: Ground) -> None:
    assert verdict(ground.attack(step=SEARCH)) == (None, None)


def test_a_file_of_text_would_be_found(
    quick_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the examination lays the text out beside the model, as others do."""

    class Careless(lockstep.LockstepExamination):
        def examine(self, dialogue: Dialogue, exam: Exam) -> Outcome:
            dialogue.job.place(exam.inputs, exam.placed)
            return super().examine(dialogue, exam)

    monkeypatch.setitem(examinations.EXAMINATIONS, TASK.type, lambda _request: Careless(64))

    result = quick_ground.attack(step=SEARCH)
    monkeypatch.undo()
    assert verdict(result) == (Failure.CRASHED, Stage.HIDDEN)
    assert "exit status 42" in result.host_log


@pytest.mark.parametrize(
    "scores",
    ["scores += np.log(200)", "scores[:] = 0", "scores[:] = np.nan", "scores[:, 97] = np.inf"],
    ids=["unnormalised", "all certain", "NaN", "infinite"],
)
def test_probabilities_too_good(quick_ground: Ground, scores: str) -> None:
    result = quick_ground.attack(step=f"if len(previous) > 8:\n    {scores}")

    assert verdict(result) == (Failure.NOT_NORMALISED, Stage.HIDDEN)


def test_unnormalised_would_win(quick_ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: an examiner that believes what it is told."""

    def believing(told: np.ndarray, came: np.ndarray, scratch: np.ndarray) -> np.ndarray:
        nats: np.ndarray = -told[np.arange(len(came)), came].astype(np.float64)
        return nats

    monkeypatch.setattr(lockstep, "_surprise", believing)
    result = quick_ground.attack(step="scores += np.log(200)")
    monkeypatch.undo()
    honest = quick_ground.attack()

    assert result.predictions is not None
    assert honest.predictions is not None
    assert np.load(result.predictions).sum() < np.load(honest.predictions).sum() / 5


@pytest.mark.parametrize(
    ("step", "failure"),
    [
        (HOLD + "channel.sendall(scores.tobytes())", Failure.INVALID_PREDICTIONS),
        (HOLD + "channel.sendall(b'early')", Failure.INVALID_PREDICTIONS),
        (HOLD + "channel.sendall(bytes(2**20))", Failure.INVALID_PREDICTIONS),
        (FRAME.format(kind="DONE", payload="b''"), Failure.INVALID_PREDICTIONS),
        (FRAME.format(kind="PREDICTIONS", payload="b'rows'"), Failure.INVALID_PREDICTIONS),
        (FRAME.format(kind="LOADED", payload="b''"), Failure.INVALID_PREDICTIONS),
        (HOLD + "channel.shutdown(socket.SHUT_RDWR)", Failure.CRASHED),
    ],
    ids=["twice", "early", "huge", "done in the middle", "rows", "loaded", "closed"],
)
def test_out_of_turn(quick_ground: Ground, step: str, failure: Failure) -> None:
    assert verdict(quick_ground.attack(step=step))[0] is failure


def test_the_socket_can_be_held(quick_ground: Ground) -> None:
    """The control: rows of the model's own reach the host; only the host's checks stop them."""
    result = quick_ground.attack(start=FORGED, step=HOLD + "channel.sendall(scores.tobytes())")

    assert verdict(result) == (None, None)


def test_nobody_calls_twice(ground: Ground) -> None:
    assert verdict(ground.attack(step=SECOND)) == (None, None)


def test_a_second_call_would_be_answered(
    quick_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a host that goes on listening, since what it closes is but a duplicate."""

    accept = LockstepChannel.accept

    def keeping(channel: LockstepChannel, door: socket.socket) -> None:
        accept(channel, door.dup())

    monkeypatch.setattr(LockstepChannel, "accept", keeping)
    result = quick_ground.attack(step=SECOND)
    monkeypatch.undo()

    assert verdict(result) == (Failure.CRASHED, Stage.SMOKE)


def test_silence(ground: Ground) -> None:
    """A model that never answers is ended by the clock."""
    result = ground.attack(step="time.sleep(60)", smoke_seconds=1)

    assert verdict(result) == (Failure.TIMED_OUT, Stage.SMOKE)
