"""Commands to a guest, frames and log from it: the part of a conversation that judges nothing."""

import time
from collections import deque
from collections.abc import Callable

from evaluator.harness.commands import encode_command
from evaluator.harness.protocol import (
    NO_RUN,
    VERSION,
    Command,
    End,
    Frame,
    FrameReader,
    Kind,
    ProtocolError,
)
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import Guest, Source
from evaluator.sandbox.logs import LogBook, LogTooLarge

START_SECONDS = 60.0
"""How long a harness may take to get ready. Past it the fault is ours."""

START_LOG_BYTES = 1024**2
TICK_SECONDS = 1.0
LOG_GRACE_SECONDS = 0.5
LEAVE_SECONDS = 1.0


class GuestEnded(Exception):
    """The sandboxed process closed its channels."""


class Exchange:
    """What goes to and fro between the host and one guest.

    `on_tick` is called about once a second while the host waits; what it raises ends the waiting.
    All methods that wait raise `GuestEnded`, `LogTooLarge` or `ProtocolError` as it happens.
    """

    def __init__(self, guest: Guest, *, log_bytes: int, on_tick: Callable[[], None]) -> None:
        self.log = LogBook(log_bytes)
        self._guest = guest
        self._on_tick = on_tick
        self._next_tick = time.monotonic() + TICK_SECONDS
        self._reader = FrameReader()
        self._frames: deque[Frame] = deque()

    def ask(self, command: Command) -> float:
        """Send a command, and tell when, by the monotonic clock."""
        self._guest.send(encode_command(command))
        return time.monotonic()

    def receive(self, deadline: float) -> Frame | None:
        """The next frame, None at the deadline. Whatever was printed goes to the log."""
        while not self._frames:
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self._pump(left)
        return self._frames.popleft()

    def await_log(self, run: bytes) -> None:
        """Wait a moment for the log of a run that has been answered; it comes by another channel.

        A model that withholds the mark only delays itself. One that goes on talking is not heard
        out: what it says is out of turn, and must not pile up here.
        """
        deadline = time.monotonic() + LOG_GRACE_SECONDS
        try:
            while not self.log.ended(run) and not self._frames:
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._pump(left)
        except GuestEnded:
            self.log.ended(run)

    def leave(self) -> None:
        """Let the harness go. Raises `ProtocolError` if it has something more to say."""
        deadline = self.ask(End()) + LEAVE_SECONDS
        try:
            while not self._frames and (left := deadline - time.monotonic()) > 0:
                self._pump(left)
        except GuestEnded:
            pass
        if self._frames or self._reader.pending:
            raise ProtocolError("words after the end")

    def _pump(self, timeout: float) -> None:
        """Take in what the guest wrote within `timeout` seconds, at most those of a tick."""
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + TICK_SECONDS
            self._on_tick()
        chunks = self._guest.receive(min(timeout, TICK_SECONDS))
        if chunks is None:
            raise GuestEnded
        for source, data in chunks:
            if source is Source.LOG:
                self.log.feed(data)
            else:
                self._frames.extend(self._reader.feed(data))


def await_ready(guest: Guest, on_tick: Callable[[], None]) -> None:
    """Wait until a harness has its imports done. No code of a model has run before.

    `on_tick` is called about once a second. Raises what it raises, and `SandboxFault` for anything
    else than a punctual `READY` of the right version.
    """
    exchange = Exchange(guest, log_bytes=START_LOG_BYTES, on_tick=on_tick)
    try:
        frame = exchange.receive(time.monotonic() + START_SECONDS)
        exchange.await_log(NO_RUN)
    except (GuestEnded, LogTooLarge, ProtocolError) as error:
        ending = guest.destroy()
        raise SandboxFault(
            f"The harness ended before it was ready (exit status {ending.code}, out of "
            f"memory: {ending.out_of_memory}): {exchange.log.smoke_log[-1000:]}"
        ) from error
    if frame is None:
        raise SandboxFault(f"The harness was not ready within {START_SECONDS:g} s.")
    if frame != Frame(Kind.READY, NO_RUN, bytes([VERSION])):
        raise SandboxFault("The harness is of another version. Build its image again.")
