"""Attacks on what can be written: the scratch, shared memory, queues, and what is read-only."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from evaluator.contract import Failure
from tests.attacks.bombs import disk_bomb
from tests.attacks.proving_ground import LIMITS, MEBIBYTE, Hostile, ProvingGround

pytestmark = pytest.mark.docker

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
QUEUES = """
made = 0
try:
    while made < 100:
        os.close(os.open(f"/dev/mqueue/{made}", os.O_CREAT | os.O_RDWR))
        made += 1
except OSError:
    pass
print("QUEUES", made)
"""


def number_after(word: str, log: str) -> int:
    found = re.search(rf"^{word} (\d+)", log, re.MULTILINE)
    assert found is not None, log
    return int(found[1])


def test_disk_bomb(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=disk_bomb(12)))

    assert result.failure is None
    full = LIMITS.scratch_bytes
    assert set(result.smoke_log.splitlines()) == {f"WROTE /tmp {full}", f"WROTE /dev/shm {full}"}


@pytest.mark.parametrize(
    ("place", "limit"),
    [("/tmp", {"tmpfs": {"/tmp": "rw,mode=1777"}}), ("/dev/shm", {"shm_size": 64 * MEBIBYTE})],
)
def test_disk_without_one_limit(
    without: Callable[..., ProvingGround], place: str, limit: dict[str, Any]
) -> None:
    control = without(**limit).attack(Hostile(load=disk_bomb(12)))

    assert number_after(f"WROTE {place}", control.smoke_log) == 12 * MEBIBYTE
    assert control.smoke_log.count(f" {LIMITS.scratch_bytes}\n") == 1


def test_queues(guarded: ProvingGround) -> None:
    """Queues of messages are no files, but can be made as such, past the filter of calls."""
    result = guarded.attack(Hostile(load=QUEUES))

    assert (result.failure, result.smoke_log) == (None, "QUEUES 0\n")


def test_queues_without_a_limit(without: Callable[..., ProvingGround]) -> None:
    control = without(ulimits=[]).attack(Hostile(load=QUEUES))
    assert number_after("QUEUES", control.smoke_log) > 0


def test_files_without_content(guarded: ProvingGround) -> None:
    """Names take memory too, and no size limits them: the limit on memory does."""
    result = guarded.attack(Hostile(load=NAMES), memory_bytes=96 * MEBIBYTE)

    assert result.failure in {Failure.OUT_OF_MEMORY, None}
    if result.failure is None:
        assert number_after("NAMES", result.smoke_log) < 100_000


def test_files_without_content_within_more_memory(without: Callable[..., ProvingGround]) -> None:
    ground = without(mem_limit=0, memswap_limit=0)
    control = ground.attack(Hostile(load=NAMES), memory_bytes=2048 * MEBIBYTE, load_seconds=90)

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


@pytest.mark.parametrize(
    ("others", "wrote"),
    [
        pytest.param({"user": "0:0"}, False, id="a read-only root alone"),
        pytest.param({"read_only": False}, False, id="an ordinary user alone"),
        pytest.param({"user": "0:0", "read_only": False}, True, id="neither"),
    ],
)
def test_writes_against_one_defence(
    without: Callable[..., ProvingGround], others: dict[str, Any], *, wrote: bool
) -> None:
    control = without(**others).attack(Hostile(load=WRITES))

    written = {f"WROTE {place}/x" for place in ("/opt/harness", "/home", "", "/usr", "/etc")}
    assert set(control.smoke_log.splitlines()) == (written if wrote else set())
