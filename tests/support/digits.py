"""The reference competition's data, built as the platform builds it."""

import subprocess
import sys
from pathlib import Path

import pytest

PACK = Path(__file__).resolve().parents[2] / "competitions" / "digits"


@pytest.fixture(scope="session")
def hidden_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `public/` and `hidden/` as the pack's builder leaves them."""
    out = tmp_path_factory.mktemp("digits")
    subprocess.run([sys.executable, "build_data.py", str(out)], cwd=PACK, check=True)
    return out
