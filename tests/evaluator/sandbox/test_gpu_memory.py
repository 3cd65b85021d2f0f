"""What is seen of a GPU's memory, by an `nvidia-smi` that a test writes."""

from pathlib import Path

import pytest

from evaluator.sandbox.gpu_memory import GpuMemoryWatch
from tests.support.nvidia_smi import Say
from tests.support.waiting import wait_for

MEBIBYTE = 1024**2


def test_the_most_that_was_seen_counts(nvidia_smi: Say, tmp_path: Path) -> None:
    looks = tmp_path / "looks"
    told = f"""
echo look >> {looks}
case $(wc -l < {looks}) in 1) echo 3;; 2) echo 906; echo 100;; *) echo 400;; esac
"""
    asked = nvidia_smi(told)
    with GpuMemoryWatch("2,GPU-7") as watch:
        wait_for(lambda: looks.exists() and looks.read_text().count("look") > 3, "some looks")
    assert watch.peak_bytes == 1006 * MEBIBYTE
    assert asked.read_text().split() == [
        "--query-gpu=memory.used",
        "--format=csv,noheader,nounits",
        "--id=2,GPU-7",
    ]


def test_a_run_that_is_over_at_once_was_looked_at(nvidia_smi: Say) -> None:
    nvidia_smi("echo 7")
    with GpuMemoryWatch("all") as watch:
        pass
    assert watch.peak_bytes == 7 * MEBIBYTE


@pytest.mark.parametrize("line", ["exit 6", "echo '[N/A]'", "echo 'No devices were found'", ":"])
def test_what_can_not_be_told_is_not_known(nvidia_smi: Say, line: str) -> None:
    nvidia_smi(line)
    with GpuMemoryWatch("0") as watch:
        pass
    assert watch.peak_bytes is None
