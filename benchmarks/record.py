"""The record of what was measured: each benchmark's figures with its own commit and date."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "docs" / "performance.json"


def commit() -> str:
    """The checkout's commit, with a `+` where the code differs from it."""
    name = _git("rev-parse", "--short", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", f":!{RESULTS.relative_to(ROOT)}")
    return f"{name}+" if changes else name


def write(figures: Mapping[str, Any], name: str, *, file: Path = RESULTS) -> None:
    """Put a benchmark's figures in the place of its earlier ones. All others stay as they are.

    The load average, of the last 15 minutes, tells whether the machine had something else to do.
    """
    results = json.loads(file.read_text())["results"] if file.exists() else {}
    results[name] = {
        "commit": commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[2], 1),
        "figures": dict(figures),
    }
    record = {"results": dict(sorted(results.items()))}
    file.write_text(json.dumps(record, indent=2) + "\n")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
