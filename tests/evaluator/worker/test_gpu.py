"""Which GPU a worker says that it has, by an `nvidia-smi` that a test writes."""

from pathlib import Path

import pytest

from evaluator.contract import Gpu
from evaluator.worker.gpu import gpu_of
from tests.support.nvidia_smi import Say


def test_of_several_devices_that_with_the_least_memory_counts(nvidia_smi: Say) -> None:
    asked = nvidia_smi("echo 'NVIDIA H100 80GB HBM3, 81559'; echo 'NVIDIA L4, 23034'")
    assert gpu_of("0,1") == Gpu(kind="NVIDIA L4", memory_bytes=23034 * 1024**2)
    assert asked.read_text().split()[-1] == "--id=0,1"


def test_all_devices_are_asked_for_by_no_name(nvidia_smi: Say) -> None:
    asked = nvidia_smi("echo 'NVIDIA L4, 23034'")
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
def test_what_can_not_be_told_is_left_out(nvidia_smi: Say, line: str) -> None:
    nvidia_smi(line)
    assert gpu_of("0") is None


def test_without_a_gpu_nobody_is_asked(nvidia_smi: Say) -> None:
    asked = nvidia_smi("echo 'NVIDIA L4, 23034'")
    assert gpu_of(None) is None
    assert not asked.exists()


def test_a_machine_without_the_tool_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_of("0") is None
