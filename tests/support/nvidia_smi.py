"""An `nvidia-smi` that a test writes, in the place of one that asks a driver."""

from collections.abc import Callable
from pathlib import Path

import pytest

Say = Callable[[str], Path]
"""Has `nvidia-smi` do what a line of shell says. Returns the file of its last arguments."""


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """It is found first on the path, before one of the machine's."""
    folder = tmp_path / "nvidia-smi"
    folder.mkdir()

    def write(line: str) -> Path:
        program = folder / "nvidia-smi"
        program.write_text(f'#!/bin/sh\necho "$@" > {folder}/asked\n{line}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return folder / "asked"

    return write
