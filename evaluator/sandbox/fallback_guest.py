"""One confined child process, as a guest."""

import contextlib
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path

import evaluator
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.confinement.plan import Ending, Plan
from evaluator.sandbox.guest import Chunk, Exit, Source, Usage

LAUNCHER = "evaluator.sandbox.confinement"
READ_BYTES = 65_536
EXIT_SECONDS = 2.0
LEAVE_SECONDS = 5.0
KIBIBYTE = 1024
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class FallbackGuest:
    """A process that the launcher has shut in: three pipes to it, and one from the launcher."""

    def __init__(self, plan: Plan) -> None:
        """Start the launcher with `plan`."""
        self._answers, answering = os.pipe()
        self._ending: Ending | None = None
        self._killed = False
        try:
            self._launcher = subprocess.Popen(
                [sys.executable, "-s", "-m", LAUNCHER, plan.encode(), str(answering)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=(answering,),
                env={"PYTHONPATH": str(Path(evaluator.__path__[0]).parent)},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._answers)
            raise SandboxFault(f"The sandbox's launcher did not start: {error}") from error
        finally:
            os.close(answering)
        self._selector = selectors.DefaultSelector()
        for stream, source in (
            (self._launcher.stdout, Source.RESULTS),
            (self._launcher.stderr, Source.LOG),
        ):
            if stream is not None:
                self._selector.register(stream, selectors.EVENT_READ, source)

    def send(self, data: bytes) -> None:
        """Write a command to its standard input."""
        if self._launcher.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._launcher.stdin.write(data)

    def receive(self, timeout: float) -> list[Chunk] | None:
        """What it wrote, None once both pipes are closed."""
        chunks = []
        for key, _ in self._selector.select(timeout) if self._talking else ():
            data = os.read(key.fd, READ_BYTES)
            if data:
                chunks.append((key.data, data))
            else:
                self._selector.unregister(key.fileobj)
        return chunks if chunks or self._talking else None

    def usage(self) -> Usage:
        """The kernel's counts for the process: so far, or at its end."""
        if self._ending is None:
            return _usage_of_child(self._launcher.pid)
        return Usage(self._ending.peak_memory_bytes, self._ending.cpu_seconds)

    def destroy(self) -> Exit:
        """Kill it, if it still runs, and tell how it ended.

        Raises `SandboxFault` if the kernel denied a part of the confinement: nothing has run then.
        """
        if self._ending is None:
            self._ending = self._end()
        if self._ending.refusal:
            raise SandboxFault(f"The kernel denies the confinement ({self._ending.refusal}).")
        # No limit of ours kills: memory is limited as address space. The machine was short of it.
        ended_by_kernel = self._ending.code == -signal.SIGKILL and not self._killed
        return Exit(self._ending.code, out_of_memory=False, for_the_host=ended_by_kernel)

    @property
    def _talking(self) -> bool:
        return bool(self._selector.get_map())

    def _end(self) -> Ending:
        """Have the launcher kill its child, if need be, and read its answer."""
        try:
            self._launcher.wait(0 if self._talking else EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._killed = True
            self._launcher.terminate()
        try:
            self._launcher.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._launcher.kill()  # the kernel kills the child of a launcher that has died
            self._launcher.wait()
        self._selector.close()
        for stream in (self._launcher.stdin, self._launcher.stdout, self._launcher.stderr):
            if stream is not None:
                stream.close()
        with os.fdopen(self._answers, "rb") as answers:
            line = answers.readline()
        return Ending.decode(line) if line else Ending()


def _usage_of_child(launcher: int) -> Usage:
    """Peak memory and CPU time of the launcher's only child; nothing if it has just ended."""
    try:
        (child,) = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
        status = Path(f"/proc/{child}/status").read_text()
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return Usage(peak_memory_bytes=None, cpu_seconds=None)
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return Usage(
        peak_memory_bytes=int(peaks[0]) * KIBIBYTE if peaks else None,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND,
    )
