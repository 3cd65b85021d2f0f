"""What a process can learn from the kernel about itself, and ask of it. Linux only."""

import ctypes
import os
import signal
from pathlib import Path

STATE = Path("/proc/self/stat")
THREADS = 17
"""Its position after the program's name: see proc(5), where it is the field 20."""

OUT_OF_MEMORY_SCORE = Path("/proc/self/oom_score_adj")
FIRST_TO_BE_KILLED = 1000
PR_SET_DUMPABLE = 4

UNSTOPPABLE = frozenset({signal.SIGKILL, signal.SIGSTOP})
IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})

_libc = ctypes.CDLL(None, use_errno=True)


def own_threads() -> int:
    """How many threads this process has."""
    return int(STATE.read_text().rpartition(")")[2].split()[THREADS])


def hide_memory() -> None:
    """Deny processes of the same user to trace this one, and to read its memory or descriptors."""
    _set_dumpable(0)


def volunteer_for_out_of_memory() -> None:
    """Be killed before any other process when memory runs out."""
    _set_dumpable(1)  # else the files of this process in /proc belong to root
    if OUT_OF_MEMORY_SCORE.exists():  # the embedded fallback shows no such file
        OUT_OF_MEMORY_SCORE.write_text(str(FIRST_TO_BE_KILLED))


def ignore_signals() -> None:
    """Ignore every signal that can be ignored, but those that tell of a child's end."""
    for number in signal.valid_signals() - UNSTOPPABLE - {signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN)


def heed_signals() -> None:
    """Take back `ignore_signals`."""
    for number in signal.valid_signals() - UNSTOPPABLE - IGNORED_BY_PYTHON:
        signal.signal(number, signal.SIG_DFL)


def close_all_but(*kept: int) -> None:
    """Close every descriptor that is not among `kept`, whether it is open or not."""
    first = 0
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _set_dumpable(value: int) -> None:
    zero = ctypes.c_ulong(0)
    if _libc.prctl(PR_SET_DUMPABLE, ctypes.c_ulong(value), zero, zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl: {os.strerror(number)}")
