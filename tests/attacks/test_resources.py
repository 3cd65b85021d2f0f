"""Attacks on what a machine has: processes, memory, disk, time, and the worker's own memory."""

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from evaluator.contract import Failure, Stage
from evaluator.sandbox.base import SandboxResult
from tests.attacks.proving_ground import LIMITS, MEBIBYTE, Hostile, ProvingGround
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

SWARM = """
import time
alive = 0
for _ in range(100):
    try:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        alive += 1
    except OSError:
        break
print("ALIVE", alive)
"""
FORK_BOMB = """
import ctypes
ctypes.CDLL(None).prctl(15, b"{name}")
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
MEMORY = """
blocks = [np.ones(16 * 1024 ** 2, dtype=np.uint8) for _ in range(32)]
print("HELD", sum(block.nbytes for block in blocks))
"""
DISK = """
written = {}
for top, folders, _ in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(top, f) not in ("/proc", "/sys")]
    if not os.access(top, os.W_OK):
        continue
    made = []
    for number in range(12):
        try:
            with open(os.path.join(top, f"fill{number}"), "xb", buffering=0) as file:
                made.append(file.name)
                written[top] = written.get(top, 0) + file.write(bytes(1024 ** 2))
        except OSError:
            break
    for path in made:
        os.unlink(path)
for top, size in written.items():
    print("WROTE", top, size)
"""
NAMES = """
made = 0
try:
    while made < 200_000:
        os.symlink("x" * 100, f"/tmp/{made}")
        made += 1
except OSError:
    pass
print("NAMES", made)
"""
LARGE_FILE = """
with open("/tmp/large", "wb", buffering=0) as file:
    wanted = 9 * 1024 ** 2
    if file.write(bytes(wanted)) == wanted:
        print("WHOLE")
    else:
        raise OSError("no room")
"""
WRITES = """
for path in ("/opt/harness/x", "/home/x", "/x", "/usr/x", "/job/x", "/etc/x"):
    try:
        open(path, "w").close()
        print("WROTE", path)
    except OSError:
        pass
"""
LOOP = """
import time
end = time.monotonic() + 3
while time.monotonic() < end:
    pass
print("LOOPED")
"""
SLEEP = """
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
time.sleep(2)
print("SLEPT")
"""
FLOOD = """
block = b"x" * 1024 ** 2
for _ in range({mebibytes}):
    os.write({stream}, block)
"""


def number_after(word: str, log: str) -> int:
    found = re.search(rf"^{word} (\d+)", log, re.MULTILINE)
    assert found is not None, log
    return int(found[1])


def test_processes_are_few(guarded: ProvingGround) -> None:
    if guarded.sandbox.strength == "gvisor":
        pytest.skip("gVisor's processes are no host processes: see the fork bomb")
    result = guarded.attack(Hostile(load=SWARM))
    assert number_after("ALIVE", result.smoke_log) < 32


def test_processes_without_a_limit(without: Callable[..., ProvingGround]) -> None:
    control = without(pids_limit=-1).attack(Hostile(load=SWARM))
    assert number_after("ALIVE", control.smoke_log) == 100


def fork_bomb(ground: ProvingGround) -> tuple[SandboxResult, int]:
    """What became of it, and how many of its processes the host has seen at once."""
    name = f"bomb-{uuid4().hex[:8]}"
    seen = [0]
    result = ground.attack(
        Hostile(load=FORK_BOMB.format(name=name)),
        load_seconds=3,
        watch=lambda _stage: seen.append(processes_named(name)),
    )
    wait_for(lambda: processes_named(name) == 0, "the end of the bomb")
    return result, max(seen)


def processes_named(name: str) -> int:
    """How many processes of the host, those in containers included, bear a name."""
    names = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has just ended
            names.append(path.read_text().strip())
    return names.count(name)


def test_fork_bomb(guarded: ProvingGround) -> None:
    result, most = fork_bomb(guarded)

    assert result.failure in {Failure.TIMED_OUT, Failure.CRASHED, Failure.OUT_OF_MEMORY}
    assert result.failed_stage is Stage.STARTING
    assert most <= LIMITS.processes


def test_fork_bomb_within_a_larger_limit(without: Callable[..., ProvingGround]) -> None:
    _, most = fork_bomb(without(pids_limit=128))

    assert most > LIMITS.processes


def test_memory_bomb(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(predict=MEMORY))

    assert result.failure is Failure.OUT_OF_MEMORY
    assert result.failed_stage is Stage.SMOKE
    assert result.failure_detail == "The model needed more than 192 MiB of memory."
    assert "HELD" not in result.smoke_log


def test_memory_without_a_limit(without: Callable[..., ProvingGround]) -> None:
    control = without(mem_limit=0, memswap_limit=0).attack(Hostile(predict=MEMORY))
    assert "HELD 536870912" in control.smoke_log


def test_disk_bomb(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=DISK))

    written = dict(re.findall(r"^WROTE (\S+) (\d+)$", result.smoke_log, re.MULTILINE))
    assert {"/tmp", "/dev/shm"} <= written.keys() <= {"/tmp", "/dev/shm", "/dev/mqueue"}
    for size in written.values():
        assert int(size) <= LIMITS.scratch_bytes


def test_disk_without_a_limit(without: Callable[..., ProvingGround]) -> None:
    ground = without(tmpfs={"/tmp": "rw,mode=1777"}, shm_size=64 * MEBIBYTE)
    control = ground.attack(Hostile(load=DISK))

    for place in ("/tmp", "/dev/shm"):
        assert f"WROTE {place} {12 * MEBIBYTE}\n" in control.smoke_log


def test_files_without_content(guarded: ProvingGround) -> None:
    """Names take memory too, and no size limits them: the limit on memory does."""
    result = guarded.attack(Hostile(load=NAMES), memory_bytes=96 * MEBIBYTE)

    assert result.failure in {Failure.OUT_OF_MEMORY, None}
    if result.failure is None:
        assert number_after("NAMES", result.smoke_log) < 100_000


def test_files_without_content_within_more_memory(without: Callable[..., ProvingGround]) -> None:
    ground = without(mem_limit=0, memswap_limit=0)
    control = ground.attack(Hostile(load=NAMES), memory_bytes=2048 * MEBIBYTE)

    assert number_after("NAMES", control.smoke_log) == 200_000


def test_one_large_file(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=LARGE_FILE))

    assert result.failure in {Failure.LOAD_FAILED, Failure.CRASHED}
    assert "WHOLE" not in result.smoke_log


@pytest.mark.parametrize(
    "left",
    [
        pytest.param({"ulimits": []}, id="the size of the scratch"),
        pytest.param({"tmpfs": {"/tmp": "rw,mode=1777,size=32m"}}, id="the limit on a file"),
    ],
)
def test_one_large_file_against_one_limit(
    without: Callable[..., ProvingGround], left: dict[str, Any]
) -> None:
    assert "WHOLE" not in without(**left).attack(Hostile(load=LARGE_FILE)).smoke_log


def test_one_large_file_without_limits(without: Callable[..., ProvingGround]) -> None:
    ground = without(tmpfs={"/tmp": "rw,mode=1777,size=32m"}, ulimits=[])

    assert "WHOLE" in ground.attack(Hostile(load=LARGE_FILE)).smoke_log


def test_writes_outside_memory(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=WRITES))

    assert result.failure is None
    assert result.smoke_log == ""


def test_writes_to_a_writable_root(without: Callable[..., ProvingGround]) -> None:
    control = without(read_only=False, user="0:0").attack(Hostile(load=WRITES))
    assert "WROTE /opt/harness/x" in control.smoke_log


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
    result = guarded.attack(Hostile(predict=SLEEP), smoke_seconds=1)

    assert result.failure is Failure.TIMED_OUT
    assert "SLEPT" not in result.smoke_log


def test_sleep_within_a_longer_limit(without: Callable[..., ProvingGround]) -> None:
    control = without().attack(Hostile(load=SLEEP))
    assert control.failure is None
    assert "SLEPT" in control.smoke_log


@pytest.mark.parametrize("stream", [1, 2])
def test_a_gigabyte_of_output(guarded: ProvingGround, stream: int) -> None:
    result = guarded.attack(Hostile(load=FLOOD.format(mebibytes=1024, stream=stream)))

    assert result.failure is Failure.LOG_TOO_LARGE
    assert len(result.smoke_log) == 64 * 1024


def test_output_within_a_larger_limit(without: Callable[..., ProvingGround]) -> None:
    flood = Hostile(load=FLOOD.format(mebibytes=4, stream=1))
    assert without().attack(flood, log_bytes=8 * 1024**2).failure is None


def test_nothing_is_left_on_the_host(
    guarded: ProvingGround, host_processes: Callable[[str], list[Path]]
) -> None:
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
    seen: list[int] = []
    result = guarded.attack(
        Hostile(predict=leave),
        watch=lambda _stage: seen.append(len(host_processes(token))),
    )
    assert result.failure is None
    # The control: while the container lived, the process that was to be left behind was there.
    if guarded.sandbox.strength == "docker":
        assert max(seen) == 1
    assert host_processes(token) == []
