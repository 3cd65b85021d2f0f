"""One supervised child process."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from minigiants.embedded.bounded_log import BoundedLog
from minigiants.embedded.service_user import ServiceUser

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with(parent: int, signal_number: int) -> Callable[[], None] | None:
    """What a fresh child does before it becomes its program: ask to be signalled when we die.

    The kernel clears this request when the uid changes, so it has to follow the switch of user;
    `preexec_fn` runs then. The signal comes when the *thread* that started the child ends: start
    children from the main thread.
    """
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)

    return ask


class Child:
    """A program in a session of its own, its output in a bounded log, ended when we end.

    `environment` is all that the program gets: nothing is inherited. `stop_signal` asks it to end
    in good order; it is sent as well when this process dies, however it dies.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        log: Path,
        cwd: Path,
        user: ServiceUser | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.stop_signal = stop_signal
        self.log = BoundedLog(log)
        self._asked_to_stop = False
        self._stopped = False
        self._process = subprocess.Popen(
            self.command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            umask=0o077,
            preexec_fn=_die_with(os.getpid(), stop_signal),
        )
        self._pump = threading.Thread(target=self._copy_output, name=f"log-{name}", daemon=True)
        self._pump.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """The exit status, negative for a signal; None while the process runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """The exit status once the process has ended, or None if it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def ask_to_stop(self) -> None:
        """Send the stop signal, once: a second one means haste to many programs."""
        if not self._asked_to_stop and self.exit_code() is None:
            self._process.send_signal(self.stop_signal)
        self._asked_to_stop = True

    def stop(self, grace_seconds: float) -> bool:
        """End the process and whatever it left in its session. True if it ended by itself."""
        if self._stopped:
            return True
        self._stopped = True
        self.ask_to_stop()
        in_good_order = self.wait(grace_seconds) is not None
        with contextlib.suppress(ProcessLookupError):  # nothing is left, as it should be
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._pump.join(timeout=5)
        self.log.close()
        return in_good_order

    def _copy_output(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 -- Popen was given a pipe
        with stream:
            while line := stream.readline(8192):
                self.log.write(line)
