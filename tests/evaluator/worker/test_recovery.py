"""A worker on which no job can begin takes no more of them, until one could."""

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from evaluator.contract import Failure, Role
from evaluator.sandbox.base import (
    NotBegun,
    OnStage,
    SandboxCancelled,
    SandboxRequest,
    SandboxResult,
)
from evaluator.worker import recovery
from evaluator.worker import runtime as worker_runtime
from evaluator.worker.presence import PresenceReporter
from evaluator.worker.recovery import Recovery
from evaluator.worker.runtime import Runtime
from evaluator.worker.shutdown import Shutdown
from tests.evaluator.worker.fake_platform import FakePlatform
from tests.evaluator.worker.jobs import EVALUATION, ScriptedSandbox, answered, offer_predict
from tests.support.waiting import wait_for


class Patience(threading.Event):
    """Notes for how long it is waited for, and waits for nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


def recovering(tries: int) -> tuple[Recovery, Patience]:
    """One whose engine answers at every `tries`th look."""
    looks = iter(range(1, 1000))

    def prove(on_tick: Callable[[], None]) -> None:
        on_tick()
        if next(looks) % tries:
            raise NotBegun("no engine")

    shutdown = Shutdown()
    shutdown.begun = patience = Patience()
    return Recovery(prove, shutdown=shutdown), patience


def test_pauses_grow_up_to_a_limit_until_a_job_could_begin() -> None:
    recovering_worker, patience = recovering(9)
    assert recovering_worker.wait()
    assert patience.waits == []
    recovering_worker.hinder("the engine is gone")
    assert recovering_worker.hindrance == "the engine is gone"
    assert recovering_worker.wait()
    assert recovering_worker.hindrance == ""
    assert patience.waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert recovering_worker.wait()
    assert len(patience.waits) == 9


def test_pauses_grow_with_each_job_in_a_row_and_anew_after_one_that_was_carried_out() -> None:
    recovering_worker, patience = recovering(1)
    for _ in range(3):
        recovering_worker.hinder("disk full")
        assert recovering_worker.wait()
    recovering_worker.succeed()
    recovering_worker.hinder("disk full")
    assert recovering_worker.wait()
    assert patience.waits == [1, 2, 4, 1]


def test_a_shutdown_ends_the_waiting_and_the_looking() -> None:
    shutdown = Shutdown()

    def prove(on_tick: Callable[[], None]) -> None:
        shutdown.begun.set()
        with pytest.raises(SandboxCancelled):
            on_tick()
        raise SandboxCancelled

    worker = Recovery(prove, shutdown=shutdown)
    worker.hinder("no engine")
    assert not worker.wait()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(recovery, "LONGEST_PAUSE_SECONDS", 0.02)


@contextmanager
def evaluating(runtime: Runtime) -> Iterator[threading.Thread]:
    """A slot that has got a message."""
    slot = threading.Thread(target=runtime.evaluate, args=(EVALUATION, 1), daemon=True)
    slot.start()
    yield slot
    slot.join(20)
    assert not slot.is_alive()


@pytest.mark.usefixtures("quick")
def test_without_its_engine_a_worker_breaks_one_job_and_takes_no_other(
    platform: FakePlatform,
    started: Callable[..., Runtime],
    sandbox: ScriptedSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    often = partial(PresenceReporter, interval=0.05)
    monkeypatch.setattr(worker_runtime, "PresenceReporter", often)

    def hindrance() -> str:
        return str(platform.said("/presence")[-1].json["hindrance"])

    def broken(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        raise NotBegun("the engine is gone")

    sandbox.behaviour, sandbox.hindrance = broken, NotBegun("the engine is gone")
    offer_predict(platform)
    runtime = started(Role.PREDICT)
    with evaluating(runtime) as first:
        platform.wait(lambda: bool(platform.reports()))
        assert platform.reports()[0]["failure"] == Failure.WORKER_FAULT
        offer_predict(platform)
        with evaluating(runtime):
            seen = sandbox.proofs
            wait_for(lambda: sandbox.proofs > seen + 2, "some looks at the engine")
            assert first.is_alive()
            assert len(platform.said("/claim")) == 1
            wait_for(lambda: hindrance() == "the engine is gone", "the platform to be told")
            sandbox.behaviour, sandbox.hindrance = lambda request, _: answered(request), None
    assert platform.reports()[1]["failure"] is None
    wait_for(lambda: hindrance() == "", "the platform to be told that work is taken")


@pytest.mark.usefixtures("quick")
def test_a_stop_ends_the_wait_for_an_engine(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    def full(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        raise OSError(errno.ENOSPC, "No space left on device")

    sandbox.behaviour, sandbox.hindrance = full, NotBegun("No space left on device")
    offer_predict(platform)
    runtime = started(Role.PREDICT)
    with evaluating(runtime):
        wait_for(lambda: sandbox.proofs, "a look at the engine")
        offer_predict(platform)
        runtime.begin_shutdown()
    runtime.evaluate(EVALUATION, 1)
    assert len(platform.said("/claim")) == 1
