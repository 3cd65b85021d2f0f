"""A container's counters, read from control groups of both versions."""

from pathlib import Path

import pytest

from evaluator.sandbox import cgroup
from evaluator.sandbox.guest import Usage

CONTAINER = "c0ffee" * 10
FIRST_VERSION = f"5:memory:/docker/{CONTAINER}\n2:cpu,cpuacct:/docker/{CONTAINER}\n0::/\n"
SECOND_VERSION = f"0::/system.slice/docker-{CONTAINER}.scope\n"


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with process 7, and the control groups of either version."""
    monkeypatch.setattr(cgroup, "PROCESSES", tmp_path / "proc")
    monkeypatch.setattr(cgroup, "CGROUPS", tmp_path / "cgroup")
    for name, text in {
        f"cgroup/memory/docker/{CONTAINER}/memory.max_usage_in_bytes": "4096\n",
        f"cgroup/cpuacct/docker/{CONTAINER}/cpuacct.usage": "1500000000\n",
        f"cgroup/system.slice/docker-{CONTAINER}.scope/memory.peak": "8192\n",
        f"cgroup/system.slice/docker-{CONTAINER}.scope/cpu.stat": (
            "usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n"
        ),
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def tell(machine: Path, groups: str) -> None:
    file = machine / "proc" / "7" / "cgroup"
    file.parent.mkdir(parents=True)
    file.write_text(groups)


def test_the_first_version(machine: Path) -> None:
    tell(machine, FIRST_VERSION)
    assert cgroup.container_usage(7, CONTAINER) == Usage(peak_memory_bytes=4096, cpu_seconds=1.5)


def test_the_second_version(machine: Path) -> None:
    tell(machine, SECOND_VERSION)
    assert cgroup.container_usage(7, CONTAINER) == Usage(peak_memory_bytes=8192, cpu_seconds=2.5)


@pytest.mark.parametrize("groups", [FIRST_VERSION, SECOND_VERSION])
def test_the_process_of_another_container(machine: Path, groups: str) -> None:
    tell(machine, groups)
    assert cgroup.container_usage(7, "another" * 8) is None


@pytest.mark.parametrize("groups", ["0::/\n", "nonsense\n", SECOND_VERSION.replace("system", "no")])
def test_groups_that_are_out_of_reach(machine: Path, groups: str) -> None:
    tell(machine, groups)
    assert cgroup.container_usage(7, CONTAINER) is None


def test_a_process_that_has_gone() -> None:
    assert cgroup.container_usage(8, CONTAINER) is None
