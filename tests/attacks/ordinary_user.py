"""Programs of these tests that root starts as an ordinary user, who has a worker too."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import evaluator

ROOT = Path(evaluator.__path__[0]).parent
NOBODY = 65534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
SYSTEM_PYTHON = "/usr/bin/python3"


@cache
def python_of_nobody() -> tuple[str, str] | None:
    """An interpreter that an ordinary user may start, and its search path."""
    packages = [path for path in sys.path if "site-packages" in path]
    search_path = os.pathsep.join([str(ROOT), *packages])
    for python in (sys.executable, SYSTEM_PYTHON):
        try:
            probe = subprocess.run(
                [python, "-c", "import numpy, onnxruntime, pydantic"],
                env={"PYTHONPATH": search_path},
                cwd="/",
                stderr=subprocess.DEVNULL,
                check=False,
                **AS_NOBODY,
            )
        except OSError:
            continue
        if probe.returncode == 0:
            return python, search_path
    return None
