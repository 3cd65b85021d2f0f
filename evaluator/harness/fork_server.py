"""Serves many submissions, each in a forked child: the imports are done once, by the parent.

Only for formats in which no participant code runs. The parent holds the host's channels and never
looks into a model; each child gets three pipes, and the parent passes on what comes through them.
So a child that a model has crashed, or taken over, can neither read the next submission's commands
nor answer for it, and half a frame of a dead child never reaches the host.

The parent is the first process of its namespace, and ignores all signals: no child can end or stop
it, all their descendants are within its reach, and nothing outlives it. It runs no parallel region,
starts no thread and opens no GPU before it forks: none of these can be carried through a fork. Nor
can a child open one, to which it would have to write: models run here on the CPU alone.
"""

import contextlib
import gc
import os
import select
import signal
from collections import deque

from evaluator.harness import processes
from evaluator.harness.channels import Channels
from evaluator.harness.commands import decode_command
from evaluator.harness.forked_child import STDERR, Child, fork_child
from evaluator.harness.protocol import (
    HEADER,
    RUN_BYTES,
    Begin,
    Ended,
    Frame,
    FrameReader,
    Kind,
    ProtocolError,
)
from evaluator.harness.runners import ForkingRunner
from evaluator.harness.seeds import set_seeds

FIRST_PROCESS = 1
READ_BYTES = 65_536
PARENTS_OWN = frozenset({Kind.READY, Kind.BEGUN, Kind.ENDED})
NO_FRAME = bytes(HEADER.size)
"""A header of a kind that there is not: told to a host whose conversation has lost its sense."""

EVERYTHING_ELSE = -1
KIBIBYTE = 1024


class HostGone(Exception):
    """Nobody gives commands any more."""


class ForkServer:
    """Forks a child for each `Begin`, and tells how it ended."""

    def __init__(self, channels: Channels, runner: ForkingRunner) -> None:
        """`runner` is warm. Raises `RuntimeError` if this is not a namespace's first process."""
        if os.getpid() != FIRST_PROCESS:
            raise RuntimeError("The fork server kills all that it can reach: it needs to be init.")
        self._channels = channels
        self._runner = runner
        self._unfinished = b""
        self._lines: deque[bytes] = deque()
        self._idle_bytes = 0

    def serve(self) -> int:
        """Say `READY`, then serve until the host goes. Returns the exit status.

        Commands that come too late for a child that has died are dropped.
        """
        processes.ignore_signals()
        processes.hide_memory()
        _freeze()
        # Before the rehearsal: what a model takes by being loaded counts as the model's.
        self._idle_bytes = _peak_without_model(self._runner)
        set_seeds(0)  # the first time imports what it seeds
        self._runner.rehearse()
        _freeze()
        self._channels.say_ready()
        try:
            while True:
                while not self._lines:
                    self._read_commands()
                command = decode_command(self._lines.popleft())
                if isinstance(command, Begin):
                    self._serve_one(command)
        except HostGone:
            return 0
        except ProtocolError:
            self._channels.results.write(NO_FRAME)
            self._channels.results.flush()
            return 1

    def _serve_one(self, begin: Begin) -> None:
        threads = processes.own_threads()
        if threads != 1:
            raise RuntimeError(f"The fork server has {threads} threads: it must not fork.")
        child = fork_child(self._channels, self._runner)
        try:
            self._channels.send(Frame(Kind.BEGUN, begin.run))
            self._pass_on(child)
            with contextlib.suppress(ProcessLookupError):
                os.kill(EVERYTHING_ELSE, signal.SIGKILL)
            _, status, used = os.wait4(child.pid, 0)
            _reap()
            while _pass_on_log(child):  # what was printed last
                pass
        finally:
            child.close()
        ended = Ended(
            code=os.waitstatus_to_exitcode(status),
            peak_memory_bytes=self._beyond_idle(used.ru_maxrss * KIBIBYTE),
            cpu_seconds=used.ru_utime + used.ru_stime,
            mark=os.urandom(RUN_BYTES),
        )
        self._channels.end_log(ended.mark)
        self._channels.send(Frame(Kind.ENDED, begin.run, ended.encode()))

    def _beyond_idle(self, peak_bytes: int) -> int:
        """What of a peak was the model's, at least 1; 0 where the kernel does not tell."""
        return max(1, peak_bytes - self._idle_bytes) if peak_bytes else 0

    def _pass_on(self, child: Child) -> None:
        """Carry commands and whole frames to and fro, until the child closes its end.

        Raises `ProtocolError` for what no child may say.
        """
        reader = FrameReader()
        poller = select.poll()
        # In the order in which they are told: what was printed before an answer goes before it.
        for source in (self._channels.commands, child.log, child.results):
            poller.register(source, select.POLLIN)
        while True:
            while self._lines:  # some may have come together with the command to begin
                child.tell(self._lines.popleft())
            for descriptor, _ in poller.poll():
                if descriptor == child.log:
                    if not _pass_on_log(child):
                        poller.unregister(child.log)
                    continue
                if descriptor != child.results:
                    self._read_commands()
                    continue
                data = os.read(child.results, READ_BYTES)
                if not data:
                    return
                for frame in reader.feed(data):
                    if frame.kind in PARENTS_OWN:
                        raise ProtocolError("a child speaks for its parent")
                    self._channels.send(frame)

    def _read_commands(self) -> None:
        """Take in what the host has sent, without waiting for the end of a line."""
        data = os.read(self._channels.commands.fileno(), READ_BYTES)
        if not data:
            raise HostGone
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        self._lines.extend(lines)


def _freeze() -> None:
    """Have no collection in a child touch, and so copy, all that is shared."""
    gc.collect()
    gc.freeze()


def _pass_on_log(child: Child) -> bool:
    """Print what a child has printed. False once nobody can print any more."""
    data = os.read(child.log, READ_BYTES)
    unwritten = memoryview(data)
    while unwritten:
        unwritten = unwritten[os.write(STDERR, unwritten) :]
    return bool(data)


def _peak_without_model(runner: ForkingRunner) -> int:
    """The peak memory in bytes of a child that does no more than to warm up once again."""
    pid = os.fork()
    if pid == 0:
        try:
            runner.warm_up()
        finally:
            os._exit(0)
    return os.wait4(pid, 0)[2].ru_maxrss * KIBIBYTE


def _reap() -> None:
    """Wait for whatever a child left behind; all of it has been killed."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
