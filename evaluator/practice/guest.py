"""A harness in the caller's own environment, confined by nothing."""

import contextlib
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence

from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.guest import UNKNOWN_USAGE, Chunk, Exit, Source, Usage

READ_BYTES = 65_536
EXIT_SECONDS = 2.0


class OwnProcess:
    """`python -m evaluator.harness` as a child process, spoken to over its three pipes."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it. `environment` is added to the caller's."""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "evaluator.harness", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxFault(f"The harness did not start: {error}") from error
        self._ended: Exit | None = None
        self._selector = selectors.DefaultSelector()
        for stream, source in (
            (self._process.stdout, Source.RESULTS),
            (self._process.stderr, Source.LOG),
        ):
            if stream is not None:
                self._selector.register(stream, selectors.EVENT_READ, source)

    def send(self, data: bytes) -> None:
        """Write a command to its standard input."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(data)

    def receive(self, timeout: float) -> list[Chunk] | None:
        """What it wrote, None once both pipes are closed."""
        if not self._selector.get_map():
            return None
        chunks: list[Chunk] = []
        for key, _ in self._selector.select(timeout):
            data = os.read(key.fd, READ_BYTES)
            if data:
                chunks.append((key.data, data))
            else:
                self._selector.unregister(key.fileobj)
        return chunks if chunks or self._selector.get_map() else None

    def usage(self) -> Usage:
        """Unknown: the person's own system tools tell it better than a shared process could."""
        return UNKNOWN_USAGE

    def destroy(self) -> Exit:
        """Kill it, if it still runs, and tell how it ended."""
        if self._ended is None:
            self._ended = self._end()
        return self._ended

    def _end(self) -> Exit:
        # A process that has closed its pipes is about to end by itself: its own status tells more.
        talking = bool(self._selector.get_map())
        status = self._reap(0.0 if talking else EXIT_SECONDS)
        self._selector.close()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return Exit(code=status, out_of_memory=False)

    def _reap(self, patience: float) -> int:
        try:
            return self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
