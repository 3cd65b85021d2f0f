"""What an organizer's metric.py may take of a machine, by the bombs that models throw too."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from evaluator.contract import Limits, Strength
from evaluator.sandbox import docker_metric_sandbox
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.container import SHARED_MEMORY_BYTES
from evaluator.sandbox.metric_base import MetricFailed
from tests.attacks.bombs import DEAF, FORK_BOMB, disk_bomb, forks
from tests.attacks.metric_ground import MetricGround, failure, telling, told
from tests.attacks.remains import (
    PoliteEnding,
    await_nothing_left,
    containers_of,
    processes_that_name,
)
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

Without = Callable[..., MetricGround]

PROCESSES = Limits().processes
LEAVE_BEHIND = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 64)
        os.execv("/bin/sleep", ["{name}", "300"])
    os._exit(0)
import time
time.sleep(1)
"""
LOOP = """
import time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    pass
"""
BOMB = """
block = bytearray(600 << 20)
for place in range(0, len(block), 4096):
    block[place] = 1
"""
FLOOD = """
for _ in range({mebibytes}):
    print("x" * (1 << 20))
"""


def test_an_endless_loop_ends(metric_guarded: MetricGround) -> None:
    assert "longer than 2 s" in failure(metric_guarded, LOOP.format(seconds=600), time_seconds=2)


def test_with_more_time_a_loop_would_go_on(metric_quick: MetricGround) -> None:
    loop = LOOP.format(seconds=3)
    assert "longer than 2 s" in failure(metric_quick, loop, time_seconds=2)
    assert metric_quick.attack(loop).score == 0.5


def test_a_memory_bomb_ends(metric_guarded: MetricGround) -> None:
    said = failure(metric_guarded, BOMB)
    assert "256 MiB of memory" in said or "MemoryError" in said


def test_with_more_memory_a_bomb_would_go_off(metric_quick: MetricGround) -> None:
    assert metric_quick.attack(BOMB, memory_bytes=1 << 30).score == 0.5


def test_a_fork_bomb_ends(metric_guarded: MetricGround) -> None:
    # gVisor takes longer to begin, and ends all of it as soon as it has no more processes.
    seconds = 30 if metric_guarded.sandbox.strength is Strength.GVISOR else 8
    with pytest.raises(MetricFailed) as failed:
        metric_guarded.attack(FORK_BOMB, time_seconds=seconds, memory_bytes=1 << 30)
    assert 0 < forks(failed.value.log) < PROCESSES
    await_nothing_left(metric_guarded.sandbox)
    assert metric_guarded.attack("pass").score == 0.5


def test_within_a_larger_limit_a_fork_bomb_would_grow(metric_without: Without) -> None:
    with pytest.raises(MetricFailed) as failed:
        metric_without(pids_limit=2 * PROCESSES).attack(FORK_BOMB, time_seconds=8)
    assert forks(failed.value.log) > PROCESSES


def test_a_sleep_that_ignores_signals_ends(metric_guarded: MetricGround) -> None:
    sleep = DEAF.format(name="deaf", seconds=600)
    assert "longer than 4 s" in failure(metric_guarded, sleep, time_seconds=4)


def test_an_ending_that_asks_would_not_end_it(metric_quick: MetricGround) -> None:
    """The control: SIGTERM in place of SIGKILL ends a metric that heeds it, and no other."""
    name = f"deaf-{os.getpid()}"
    sleep = DEAF.format(name=name, seconds=3)
    ending = PoliteEnding(metric_quick.sandbox, name)
    assert metric_quick.attack(sleep, watch=ending).score == 0.5
    assert ending.asked
    ending = PoliteEnding(metric_quick.sandbox, name)
    with pytest.raises(SandboxFault, match="The engine ended the container"):
        metric_quick.attack(sleep.replace("SIG_IGN", "SIG_DFL"), watch=ending)


def test_a_disk_bomb_is_bounded(metric_guarded: MetricGround) -> None:
    said = told(metric_guarded, telling(disk_bomb(80)))
    assert sorted(said.split("WROTE ")) == [
        "",
        f"/dev/shm {SHARED_MEMORY_BYTES} ",
        f"/tmp {64 << 20}",
    ]


@pytest.mark.parametrize(
    ("place", "limit"),
    [("/tmp", {"tmpfs": {"/tmp": "rw,mode=1777"}}), ("/dev/shm", {"shm_size": 128 << 20})],
)
def test_a_disk_bomb_without_one_limit(
    metric_without: Without, place: str, limit: dict[str, Any]
) -> None:
    said = told(metric_without(**limit), telling(disk_bomb(80)))
    assert f"WROTE {place} {80 << 20}" in said
    assert said.count(f" {80 << 20}") == 1


def test_a_gigabyte_of_output_ends(metric_guarded: MetricGround) -> None:
    assert "printed more than" in failure(metric_guarded, FLOOD.format(mebibytes=1024))


def test_output_would_be_kept_without_its_limit(
    metric_quick: MetricGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = FLOOD.format(mebibytes=2)
    assert "printed more than" in failure(metric_quick, flood)
    monkeypatch.setattr(docker_metric_sandbox, "LOG_BYTES", 1 << 22)
    assert metric_quick.attack(flood).score == 0.5


def test_processes_that_are_left_behind_end(metric_guarded: MetricGround) -> None:
    name = f"left-by-{uuid4().hex}"
    left: set[Path] = set()
    containers: set[str] = set()

    def watch() -> None:
        left.update(processes_that_name(name))
        containers.update(containers_of(metric_guarded.sandbox))

    assert metric_guarded.attack(LEAVE_BEHIND.format(name=name), watch=watch).score == 0.5
    # The control: while the metric ran, it was there. Under gVisor it is within the container's
    # one process.
    assert len(left) == (metric_guarded.sandbox.strength is Strength.DOCKER)
    (container,) = containers
    wait_for(lambda: not processes_that_name(name), "the end of the process that was left")
    wait_for(lambda: not processes_that_name(container), "the end of all that was the container")
