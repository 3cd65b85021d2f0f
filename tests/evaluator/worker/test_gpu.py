"""Which GPU a worker says that it has, by an `nvidia-smi` that a test writes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.contract import Gpu
from evaluator.worker.gpu import gpu_of

Say = Callable[[str], Path]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Has `nvidia-smi` do what a line of shell says. Returns the file of its arguments."""

    def write(line: str) -> Path:
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{line}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        return tmp_path / "asked"

    return write


def test_of_several_devices_that_with_the_least_memory_counts(say: Say) -> None:
    asked = say("echo 'NVIDIA H100 80GB HBM3, 81559'; echo 'NVIDIA L4, 23034'")
    assert gpu_of("0,1") == Gpu(kind="NVIDIA L4", memory_bytes=23034 * 1024**2)
    assert asked.read_text().split()[-1] == "--id=0,1"


def test_all_devices_are_asked_for_by_no_name(say: Say) -> None:
    asked = say("echo 'NVIDIA L4, 23034'")
    assert gpu_of("all") is not None
    assert "--id" not in asked.read_text()


@pytest.mark.parametrize(
    "line",
    [
        "exit 6",
        "echo 'No devices were found'",
        "echo '$(evil), 1024'",
        "echo 'NVIDIA L4, [N/A]'",
        ":",
    ],
    ids=["refused", "none", "no name", "no number", "silent"],
)
def test_what_can_not_be_told_is_left_out(say: Say, line: str) -> None:
    say(line)
    assert gpu_of("0") is None


def test_without_a_gpu_nobody_is_asked(say: Say) -> None:
    asked = say("echo 'NVIDIA L4, 23034'")
    assert gpu_of(None) is None
    assert not asked.exists()


def test_a_machine_without_the_tool_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_of("0") is None
