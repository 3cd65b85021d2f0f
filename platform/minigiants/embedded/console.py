"""The few lines that the server prints for whoever started it."""

import contextlib
import sys
from datetime import datetime

from minigiants.embedded.errors import EmbeddedError


def say(part: str, text: str) -> None:
    """One line: the time, the part that it is about, what happened."""
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    _write(f"{now}  {part:<9} {text}\n")


def announce(text: str) -> None:
    """Lines without a time, set apart: what the reader came for."""
    _write(f"\n{text}\n\n")


def complain(error: EmbeddedError) -> None:
    """The end of what a part wrote, if there is any; then what happened and how to mend it."""
    for line in error.detail.splitlines():
        sys.stderr.write(f"    {line}\n")
    sys.stderr.write(f"minigiants: {error}\n")
    sys.stderr.flush()


def _write(text: str) -> None:
    """Print; a reader that has gone away, or a full disk behind it, stops no server."""
    with contextlib.suppress(OSError):
        sys.stdout.write(text)
        sys.stdout.flush()
