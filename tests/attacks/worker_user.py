"""The users that a worker may run as, root and an ordinary one, and how their Python starts."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import evaluator
from tests.support.missing import missing

ROOT = Path(evaluator.__path__[0]).parent
NOBODY = 65534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
SYSTEM_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class WorkerUser:
    """Who has a worker: the interpreter, its search path, and keywords to `subprocess.run`."""

    python: str
    search_path: str
    become: dict[str, Any] = field(default_factory=dict)

    def give(self, folder: Path | str) -> None:
        """Make a folder the user's own."""
        if self.become:
            os.chown(folder, NOBODY, NOBODY)


def require_worker_user(*, root: bool) -> WorkerUser:
    """Root or an ordinary user. Skips, or fails where all has to be there, if it can't be had."""
    is_root = os.geteuid() == 0
    if root and not is_root:
        missing("root", "the tests run as an ordinary user")
    if root or not is_root:
        return WorkerUser(sys.executable, os.pathsep.join([str(ROOT), *sys.path]))
    found = _python_of_nobody()
    if found is None:
        missing("An ordinary user's Python", "others may not read root's packages")
    return WorkerUser(*found, become=AS_NOBODY)


@cache
def _python_of_nobody() -> tuple[str, str] | None:
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
