"""The pack, and its data as the builder makes it."""

import subprocess
import sys
from pathlib import Path

import pytest

PACK = Path(__file__).parents[3] / "competitions" / "digits"


@pytest.fixture(scope="session")
def pack() -> Path:
    return PACK


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, "-I", "-B", PACK / "build_data.py", out], check=True)
    return out
