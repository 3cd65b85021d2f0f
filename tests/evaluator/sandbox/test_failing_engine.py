"""Jobs whose engine goes away: whom it leaves behind, and what they cost."""

from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from evaluator.contract import Failure, Stage, Strength
from evaluator.harness.commands import decode_command
from evaluator.harness.protocol import NO_RUN, VERSION, Begin, Frame, Kind, encode
from evaluator.sandbox import pool
from evaluator.sandbox.base import NotBegun, SandboxCancelled, SandboxFault, SandboxRequest
from evaluator.sandbox.guest import GuestLeft, Source, Usage
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.supply import GuestSupply
from evaluator.sandbox.workspace import JobFolder, Workspace
from tests.evaluator.sandbox.guests import Engine, ScriptedGuest
from tests.support.waiting import wait_for

MakeRequest = Callable[..., SandboxRequest]
READY = (Source.RESULTS, encode(Frame(Kind.READY, NO_RUN, bytes([VERSION]))))


class Harness(ScriptedGuest):
    """Is ready, forks if it is told to, and then says nothing."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, READY)

    def send(self, data: bytes) -> None:
        super().send(data)
        command = decode_command(data)
        if isinstance(command, Begin):
            self.says.append((Source.RESULTS, encode(Frame(Kind.BEGUN, command.run))))


@pytest.fixture(autouse=True)
def _hasty() -> Iterator[None]:
    with (
        mock.patch.object(pool, "FIRST_PAUSE_SECONDS", 0.01),
        mock.patch.object(pool, "LONGEST_PAUSE_SECONDS", 0.02),
    ):
        yield


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path / "scratch")
    yield workspace
    workspace.close()


Supply = Callable[[Callable[[Engine], ScriptedGuest]], GuestSupply]


@pytest.fixture
def supply(engine: Engine, workspace: Workspace) -> Iterator[Supply]:
    """A supply of guests that are made as a test says."""
    supplies: list[GuestSupply] = []

    def make(make_guest: Callable[[Engine], ScriptedGuest]) -> GuestSupply:
        def start(_key: GuestKey, _folder: JobFolder) -> ScriptedGuest:
            engine.guests.append(make_guest(engine))
            return engine.guests[-1]

        supplies.append(
            GuestSupply(start, workspace, strength=Strength.DOCKER, device="cpu", pool=0)
        )
        return supplies[-1]

    yield make
    engine.answers = True
    for each in supplies:
        each.close()


def the_rest_goes(engine: Engine, workspace: Workspace) -> None:
    (left, *_) = engine.left()
    engine.answers = True
    wait_for(lambda: left.destroyed, "the end of the guest")
    wait_for(lambda: not list(workspace._folder.glob("job-*")), "the end of its folder")


@pytest.mark.parametrize("format_name", ["python", "onnx"])
def test_a_job_that_is_given_up(
    engine: Engine,
    workspace: Workspace,
    supply: Supply,
    make_request: MakeRequest,
    format_name: str,
) -> None:
    def give_up(_stage: Stage) -> bool:
        if any(guest.heard for guest in engine.guests):
            engine.answers = False
        return engine.answers

    with mock.patch.object(pool.Pool, "_missing", return_value=None):  # start no other
        with pytest.raises(SandboxCancelled):
            supply(Harness).run(make_request(format_name), give_up)
        the_rest_goes(engine, workspace)


def test_a_guest_that_never_gets_ready(
    engine: Engine, workspace: Workspace, supply: Supply, make_request: MakeRequest
) -> None:
    def nonsense(engine: Engine) -> ScriptedGuest:
        engine.answers = False
        return ScriptedGuest(engine, (Source.RESULTS, b"nonsense, and no frame"))

    with pytest.raises(SandboxFault, match="away"):
        supply(nonsense).run(make_request("python"), lambda _stage: True)
    the_rest_goes(engine, workspace)


def test_a_guest_that_neither_starts_nor_goes(
    engine: Engine, workspace: Workspace, supply: Supply, make_request: MakeRequest
) -> None:
    def start(engine: Engine) -> ScriptedGuest:
        engine.answers = False
        engine.guests.append(ScriptedGuest(engine))
        raise GuestLeft(engine.guests[-1])

    with pytest.raises(NotBegun, match="neither started"):
        supply(start).run(make_request("python"), lambda _stage: True)
    the_rest_goes(engine, workspace)


@pytest.mark.parametrize(
    ("counted", "told"),
    [((4.5, 6.0), 1.5), ((None, 6.0), None), ((4.5, None), None)],
    ids=["told", "unknown before", "unknown after"],
)
def test_imports_are_not_the_models_cpu_time(
    supply: Supply,
    make_request: MakeRequest,
    counted: tuple[float | None, ...],
    told: float | None,
) -> None:
    """Nor does it decide anything whether the time is known."""

    def chatty(engine: Engine) -> ScriptedGuest:
        guest = Harness(engine)
        guest.used.extend(Usage(4096, seconds) for seconds in counted)
        return guest

    request = make_request("python")
    flood = (Source.LOG, b"x" * (request.limits.log_bytes + 1))

    def on_stage(_stage: Stage) -> bool:
        return True

    with mock.patch.object(Harness, "send", lambda self, _data: self.says.append(flood)):
        result = supply(chatty).run(request, on_stage)

    assert result.failure is Failure.LOG_TOO_LARGE
    assert result.measurements.cpu_seconds == told
    assert result.measurements.peak_memory_bytes == 4096
