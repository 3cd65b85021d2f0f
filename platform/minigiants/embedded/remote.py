"""Starting a server in the background, and stopping one that runs elsewhere."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from minigiants.embedded import demo
from minigiants.embedded.console import announce, say
from minigiants.embedded.errors import EmbeddedError
from minigiants.embedded.home import Home

START_SECONDS = 900.0
STOP_SECONDS = 90.0
_LOOK_SECONDS = 0.1


def start(home: Home, port: int, competitions: Sequence[str] = ()) -> None:
    """Start a server that outlives this process, and return once it is ready.

    It seeds `competitions` alone, all packs without them.

    Raises `EmbeddedError` with what the server said when it could not start.
    """
    home.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = home.log("server")
    command = [sys.executable, "-m", "minigiants.embedded", "up"]
    command += ["--home", str(home.folder), "--port", str(port)]
    if competitions:
        command += ["--competitions", *competitions]
    with open(log, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    limit = time.monotonic() + START_SECONDS
    while True:
        code = process.poll()
        if code is not None:
            lines = log.read_text(errors="replace").splitlines()
            raise EmbeddedError(
                "The server did not start.", f"Its log: {log}", detail="\n".join(lines[-12:])
            )
        state = home.read_state()
        if state is not None and state.pid == process.pid and state.phase == "ready":
            break
        if time.monotonic() > limit:
            process.terminate()
            process.wait()
            raise EmbeddedError(
                f"The server was not ready within {START_SECONDS:.0f} s.", f"Its log: {log}"
            )
        time.sleep(_LOOK_SECONDS)
    announce(f"Minigiants is at {state.address}\n{demo.accounts(home)}")


def stop(home: Home) -> None:
    """Ask the server of this home to stop, and return once it has. No server is no error."""
    if not home.is_held():
        say("server", f"no server runs on the home {home.folder}")
        return
    state = home.read_state()
    if state is None:
        raise EmbeddedError(
            "The server has only just begun to start.", "Try again in a few seconds."
        )
    os.kill(state.pid, signal.SIGTERM)
    limit = time.monotonic() + STOP_SECONDS
    while home.is_held():
        if time.monotonic() > limit:
            raise EmbeddedError(
                f"The server (process {state.pid}) has not stopped within {STOP_SECONDS:.0f} s.",
                f"Look at {home.log('server')}, or end the process by force.",
            )
        time.sleep(_LOOK_SECONDS)
    say("server", "stopped")
