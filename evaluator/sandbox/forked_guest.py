"""A fork server's child as a guest of its own: begun, talked to, and seen to its end."""

import secrets
import signal
import time

from evaluator.harness.commands import encode_command
from evaluator.harness.protocol import (
    RUN_BYTES,
    Begin,
    End,
    Ended,
    Frame,
    FrameReader,
    Kind,
    ProtocolError,
    encode,
    log_marker,
)
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import UNKNOWN_USAGE, Chunk, Exit, Guest, Source, Usage

BEGINNING_SECONDS = 10.0
"""How long the server may take to fork. Past it the fault is ours."""

ENDING_SECONDS = 2.0
"""How long the server may take to tell of the end of a child that is leaving."""

NEAR_THE_LIMIT = 0.75
"""Share of its memory that a child has held when its own limit ended it, with room for what the
kernel counts late. A child that held less was taken because the whole machine was short: children
are the first that the kernel takes. The control group's counter of kills would not tell, for those
of the machine are in it."""

END = encode_command(End())


class ForkedGuest:
    """One child of the harness that runs in `server`.

    `survived` tells after `destroy` whether the server waits for the next submission: the child and
    all that it started are gone, and every byte that they wrote has been read. In all other cases
    the whole server has been destroyed.
    """

    def __init__(self, server: Guest, *, memory_bytes: int) -> None:
        """Have the server fork. Raises `SandboxFault` if it does not: nothing has run then.

        `memory_bytes` is what the child may take.
        """
        self.survived = False
        self._server = server
        self._memory_bytes = memory_bytes
        self._run = secrets.token_bytes(RUN_BYTES)
        self._reader = FrameReader()
        self._ended: Ended | None = None
        self._leaving = False
        self._lost = False
        self._log_tail = b""
        self._exit: Exit | None = None
        server.send(encode_command(Begin(self._run)))
        self._await_begun()

    def send(self, data: bytes) -> None:
        """Write a command for the child; the server drops it if the child has gone."""
        self._leaving |= data == END
        self._server.send(data)

    def receive(self, timeout: float) -> list[Chunk] | None:
        """What the child wrote, None once it is gone. Raises `ProtocolError` for nonsense."""
        if self._lost or self._complete:
            return None
        chunks = self._server.receive(timeout)
        if chunks is None:
            self._lost = True
            return None
        passed: list[Chunk] = []
        for source, data in chunks:
            if source is Source.LOG:
                # The tail is what may be the mark, which is known only by the frame that follows.
                self._log_tail = (self._log_tail + data)[-len(log_marker(self._run)) :]
                passed.append((source, data))
            else:
                passed += [(source, encode(frame)) for frame in self._frames(data)]
        return passed

    def usage(self) -> Usage:
        """The kernel's counts for the child, which are known at its end."""
        self._await_end()
        if self._ended is None:
            return UNKNOWN_USAGE
        return Usage(self._ended.peak_memory_bytes or None, self._ended.cpu_seconds)

    def destroy(self) -> Exit:
        """See that the child is gone: by its own end, or by destroying the server."""
        if self._exit is None:
            self._await_end()
            self.survived = self._complete
            if self._ended is None or not self.survived:
                self._exit = self._server.destroy()
            else:
                self._exit = self._exit_told(self._ended)
        return self._exit

    def _exit_told(self, ended: Ended) -> Exit:
        """How the child ended. Only the kernel kills one before the server has told of its end."""
        killed = ended.code == -signal.SIGKILL
        least = NEAR_THE_LIMIT * self._memory_bytes
        for_the_host = killed and 0 < ended.peak_memory_bytes < least
        return Exit(
            ended.code, out_of_memory=killed and not for_the_host, for_the_host=for_the_host
        )

    @property
    def _complete(self) -> bool:
        """Whether the end has been told, and the log read up to it."""
        ended = self._ended
        return ended is not None and self._log_tail == log_marker(ended.mark)

    def _frames(self, data: bytes) -> list[Frame]:
        frames = []
        for frame in self._reader.feed(data):
            if self._ended is not None:
                raise ProtocolError("words after the end")
            if frame.kind is not Kind.ENDED:
                self._leaving |= frame.kind is Kind.FAILED
                frames.append(frame)
            elif frame.run == self._run:
                self._ended = Ended.decode(frame.payload)
            else:
                raise ProtocolError("the end of something else")
        return frames

    def _await_begun(self) -> None:
        """Wait until there is a child. Its first word would answer a command, and none was sent."""
        deadline = time.monotonic() + BEGINNING_SECONDS
        printed = b""
        frames: list[Frame] = []
        while not frames and (left := deadline - time.monotonic()) > 0:
            chunks = self._server.receive(left)
            if chunks is None:
                break
            for source, data in chunks:
                if source is Source.LOG:
                    printed += data
                else:
                    frames += self._reader.feed(data)
        if frames != [Frame(Kind.BEGUN, self._run)]:
            said = printed[-1000:].decode(errors="replace")
            raise SandboxFault(f"The fork server did not begin a submission: {said}")

    def _await_end(self) -> None:
        """Wait for the end of a child that leaves. What it still says is nobody's concern."""
        deadline = time.monotonic() + ENDING_SECONDS
        try:
            while self._leaving and (left := deadline - time.monotonic()) > 0:
                if self.receive(left) is None:
                    return
        except (ProtocolError, SandboxFault):
            self._lost = True  # the server is destroyed then
