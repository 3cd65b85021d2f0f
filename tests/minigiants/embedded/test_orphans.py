"""What is counted as left behind: what still ran, and not what had ended by itself."""

import subprocess
import sys

import pytest

PROGRAM = """
import subprocess, sys
from minigiants.embedded import orphans
orphans.adopt()
subprocess.run(["/bin/sh", "-c", sys.argv[1]], check=True)
print(orphans.end_all(), orphans.end_all())
"""


@pytest.mark.parametrize(
    ("commands", "ended"),
    [
        ("sleep 300 & sleep 300 & true", 2),
        ("true & exec sleep 0.2", 0),  # nobody but us waits for it
        ("true", 0),
    ],
)
def test_processes_that_still_run_are_ended(commands: str, ended: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, commands],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == [str(ended), "0"]
