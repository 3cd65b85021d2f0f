"""Attacks on what a machine has: processes, memory, time, and the worker's own memory."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from docker.types import Ulimit

from evaluator.contract import Failure, Stage, Strength
from evaluator.sandbox.base import SandboxCancelled, SandboxFault
from tests.attacks.bombs import DEAF, FORK_BOMB, SWARM, forks
from tests.attacks.proving_ground import LIMITS, MEBIBYTE, Hostile, ProvingGround
from tests.attacks.remains import (
    PoliteEnding,
    await_nothing_left,
    containers_of,
    processes_called,
    processes_that_name,
)
from tests.attacks.worker_memory import watched_growth
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

PLENTY = 1024 * MEBIBYTE
"""So much memory that many processes end by their own limit."""

MEMORY = """
blocks = [np.ones(16 * 1024 ** 2, dtype=np.uint8) for _ in range(32)]
print("HELD", sum(block.nbytes for block in blocks))
"""
LOOP = """
import time
end = time.monotonic() + 3
while time.monotonic() < end:
    pass
print("LOOPED")
"""
FLOOD = """
block = b"x" * 1024 ** 2
for _ in range({mebibytes}):
    os.write({stream}, block)
"""


def test_processes_are_few(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=SWARM), memory_bytes=PLENTY)

    assert 0 < forks(result.smoke_log) < LIMITS.processes


@pytest.mark.parametrize(("runtime", "pids_limit"), [("runc", -1), ("runsc", 416)])
def test_processes_within_a_larger_limit(
    without: Callable[..., ProvingGround], runtime: str, pids_limit: int
) -> None:
    """Under gVisor a few times as many, since its own tasks for each count too."""
    ground = without(runtime=runtime, pids_limit=pids_limit)
    control = ground.attack(Hostile(load=SWARM), memory_bytes=PLENTY)

    assert forks(control.smoke_log) > LIMITS.processes
    assert ("COUNTED" in control.smoke_log) == (runtime == "runc")


def test_fork_bomb(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=FORK_BOMB), load_seconds=3, memory_bytes=PLENTY)

    assert result.failure in {Failure.TIMED_OUT, Failure.CRASHED}
    assert result.failed_stage is Stage.STARTING
    assert 0 < forks(result.smoke_log) < LIMITS.processes


def test_fork_bomb_within_a_larger_limit(without: Callable[..., ProvingGround]) -> None:
    ground = without(pids_limit=128)
    control = ground.attack(Hostile(load=FORK_BOMB), load_seconds=3, memory_bytes=PLENTY)

    assert forks(control.smoke_log) > LIMITS.processes


def test_memory_bomb(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(predict=MEMORY))

    assert result.failure is Failure.OUT_OF_MEMORY
    assert result.failed_stage is Stage.SMOKE
    assert result.failure_detail == "The model needed more than 192 MiB of memory."
    assert "HELD" not in result.smoke_log


def test_memory_without_a_limit(without: Callable[..., ProvingGround]) -> None:
    control = without(mem_limit=0, memswap_limit=0).attack(Hostile(predict=MEMORY))
    assert "HELD 536870912" in control.smoke_log


@pytest.mark.parametrize(
    ("where", "stage", "budget"),
    [
        ({"load": "while True: pass"}, Stage.STARTING, {"load_seconds": 2}),
        ({"predict": "while True: pass"}, Stage.SMOKE, {"smoke_seconds": 1}),
        ({"predict": "while hidden: pass"}, Stage.HIDDEN, {"hidden_seconds": 1}),
    ],
)
def test_endless_loop(
    guarded: ProvingGround, where: dict[str, str], stage: Stage, budget: dict[str, Any]
) -> None:
    result = guarded.attack(Hostile(**where), **budget)

    assert result.failure is Failure.TIMED_OUT
    assert result.failed_stage is stage
    assert result.failure_detail.endswith(f"longer than {next(iter(budget.values()))} s.")


def test_a_loop_within_a_longer_limit(without: Callable[..., ProvingGround]) -> None:
    ground = without()
    ended = ground.attack(Hostile(predict=LOOP), smoke_seconds=1)
    control = ground.attack(Hostile(predict=LOOP))

    assert (ended.failure, "LOOPED" in ended.smoke_log) == (Failure.TIMED_OUT, False)
    assert (control.failure, "LOOPED" in control.smoke_log) == (None, True)


def test_sleep_that_ignores_signals(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(predict=DEAF.format(name="deaf", seconds=2)), smoke_seconds=1)

    assert result.failure is Failure.TIMED_OUT
    assert "SLEPT" not in result.smoke_log


def test_sleep_against_an_ending_that_asks(without: Callable[..., ProvingGround]) -> None:
    """The control: SIGTERM in place of SIGKILL ends a model that heeds it, and no other."""
    ground = without()
    name = f"deaf-{uuid4().hex[:8]}"
    ending = PoliteEnding(ground.sandbox, name)
    control = ground.attack(Hostile(load=DEAF.format(name=name, seconds=3)), watch=ending)
    assert ending.asked
    assert (control.failure, "SLEPT" in control.smoke_log) == (None, True)

    heeding = DEAF.format(name=name, seconds=3).replace("SIG_IGN", "SIG_DFL")
    with pytest.raises(SandboxFault, match="The engine ended the container"):
        ground.attack(Hostile(load=heeding), watch=PoliteEnding(ground.sandbox, name))


@pytest.mark.parametrize("stream", [1, 2])
def test_a_gigabyte_of_output(guarded: ProvingGround, stream: int) -> None:
    with watched_growth() as growth:
        result = guarded.attack(Hostile(load=FLOOD.format(mebibytes=1024, stream=stream)))

    assert result.failure is Failure.LOG_TOO_LARGE
    assert len(result.smoke_log) == 64 * 1024
    assert growth.bytes < 50 * MEBIBYTE


def test_output_within_a_larger_limit(without: Callable[..., ProvingGround]) -> None:
    flood, ground = Hostile(load=FLOOD.format(mebibytes=64, stream=1)), without()
    assert ground.attack(flood).failure is Failure.LOG_TOO_LARGE

    with watched_growth() as growth:
        control = ground.attack(flood, log_bytes=128 * MEBIBYTE)
    assert control.failure is None
    assert growth.bytes > 64 * MEBIBYTE


def test_nothing_is_left_on_the_host(guarded: ProvingGround) -> None:
    token = f"minigiants-{uuid4().hex}"
    leave = f"""
import time
if not hidden and os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["{token}", "3600"])
    os._exit(0)
if hidden:
    time.sleep(1.2)
"""
    await_nothing_left(guarded.sandbox)
    left: set[Path] = set()
    containers: set[str] = set()

    def watch(_stage: Stage) -> None:
        left.update(processes_that_name(token))
        containers.update(containers_of(guarded.sandbox))

    result = guarded.attack(Hostile(predict=leave), watch=watch)
    assert result.failure is None
    # The control: while the container lived, the process that was to be left behind was there.
    # Under gVisor it is within the one process that is the container.
    assert len(left) == (guarded.sandbox.strength is Strength.DOCKER)
    (container,) = containers
    wait_for(lambda: not processes_that_name(token), "the end of the process that was left")
    wait_for(lambda: not processes_that_name(container), "the end of all that was the container")


def serve_beside_a_bomb(without: Callable[..., ProvingGround], **host: Any) -> None:
    """Serve an honest model while another sandbox' job takes all the processes and CPU it gets."""
    name = f"bomb-{uuid4().hex[:8]}"
    hostile, honest = without(**host), without(**host)
    over = threading.Event()

    def stop(_stage: Stage) -> None:
        if over.is_set():
            raise SandboxCancelled

    with ThreadPoolExecutor(1) as thread:
        model = Hostile(load=f'import ctypes\nctypes.CDLL(None).prctl(15, b"{name}")\n{FORK_BOMB}')
        spinning = thread.submit(hostile.attack, model, watch=stop, load_seconds=120)
        try:
            wait_for(lambda: len(processes_called(name)) > LIMITS.processes / 2, "its processes")
            honest.serve_an_honest_model()
            assert not spinning.done()
        finally:
            over.set()
        with pytest.raises(SandboxCancelled):
            spinning.result()


def test_a_job_at_its_limits_beside_another(without: Callable[..., ProvingGround]) -> None:
    serve_beside_a_bomb(without)


def test_a_limit_that_all_jobs_share(without: Callable[..., ProvingGround]) -> None:
    """The control: processes counted by user, not by container. The other job can't begin."""
    by_user = [Ulimit(name="nproc", soft=LIMITS.processes, hard=LIMITS.processes)]
    with pytest.raises(SandboxFault, match="ended before it was ready"):
        serve_beside_a_bomb(without, pids_limit=-1, ulimits=by_user)
