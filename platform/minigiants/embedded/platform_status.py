"""What the platform itself says of its health: `manage.py status --json`, asked in a child."""

import json
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.parts import manage

ANSWER_SECONDS = 60


def ask(environment: Mapping[str, str], cwd: Path) -> dict[str, Any]:
    """The platform's own status. It answers too when a part is ill, with `healthy` false."""
    try:
        done = subprocess.run(
            manage("status", "--json"),
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ANSWER_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(
            f"The platform did not say how it is within {ANSWER_SECONDS} s.",
            "Look at the logs in the home folder.",
        ) from error
    except ValueError as error:
        raise EmbeddedError(
            "The platform can't say how it is.",
            "The lines above say why.",
            detail="\n".join(done.stderr.splitlines()[-8:]),
        ) from error
    if not isinstance(answer, dict):
        raise EmbeddedError("The platform's status is no object.", "Update Minigiants.")
    return answer


def workers_present(status: Mapping[str, Any], since: datetime) -> dict[str, str]:
    """Role → strength of its sandbox, of the workers that have reported after `since`.

    A score worker has no sandbox; its strength is empty.
    """
    return {
        worker["role"]: worker["strength"]
        for worker in status["workers"]
        if datetime.fromisoformat(worker["seen_at"]) > since
    }
