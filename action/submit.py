"""The action's step: hand a model in, and tell the job what became of it.

Everything comes by the environment, as `action.yml` sets it. Standard error is the command
line's own; what it answers goes to the step's outputs and to the job's summary.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUTPUTS = ("submission", "url", "status", "score", "rank", "code")
EXIT_QUOTA = 3


def main(environment: Mapping[str, str]) -> int:
    """Submit as `environment` says. Returns the exit code of the step."""
    done = subprocess.run(
        [sys.executable, "-m", "client", *_arguments(environment)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    outputs = _outputs(json.loads(done.stdout or "{}"))
    with Path(environment["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={outputs[name]}\n" for name in OUTPUTS)
    with Path(environment["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
        file.write(_summary(environment["COMPETITION"], outputs))
    return 0 if _passes(done.returncode, outputs["code"], environment) else done.returncode


def _arguments(environment: Mapping[str, str]) -> list[str]:
    waiting = ["--wait", "--timeout", environment["TIMEOUT"]]
    return [
        "submit",
        f"--competition={environment['COMPETITION']}",
        f"--message={environment['MESSAGE']}",
        "--json",
        *(waiting if environment["WAIT"] == "true" else []),
        "--",
        environment["MODEL"],
    ]


def _outputs(answer: dict[str, Any]) -> dict[str, str]:
    """What the command line answered: a submission, or an error that may name one."""
    error = answer.get("error") if "id" not in answer else None
    named = (error or {}).get("submission")
    submission = answer if "id" in answer else named if isinstance(named, dict) else {}
    failure = submission.get("error") or {}
    refusals = submission.get("refusals") or [{}]
    found = {
        "submission": submission.get("id") or named,
        "url": submission.get("url"),
        "status": submission.get("status"),
        "score": submission.get("score"),
        "rank": submission.get("rank"),
        "code": (error or failure or refusals[0]).get("code"),
    }
    # One line each: a line break would begin another output.
    return {
        name: "" if value is None else " ".join(str(value).split()) for name, value in found.items()
    }


def _summary(competition: str, outputs: Mapping[str, str]) -> str:
    rows = "".join(
        f"| {name} | {outputs[name].replace('|', '&#124;').replace('<', '&lt;')} |\n"
        for name in OUTPUTS
        if outputs[name]
    )
    return f"### Minigiants: {competition}\n\n| | |\n| --- | --- |\n{rows}\n"


def _passes(exit_code: int, code: str, environment: Mapping[str, str]) -> bool:
    if exit_code == EXIT_QUOTA:
        return environment["IGNORE_QUOTA"] == "true"
    if code == "duplicate_submission":
        return environment["IGNORE_DUPLICATE"] == "true"
    return exit_code == 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
