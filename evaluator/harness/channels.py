"""Takes the result channel out of the model's way.

The process starts with commands on descriptor 0, results on 1 and the log on 2. Results and
commands move to private descriptors; what the model prints goes to the log. A model that looks
for the private descriptor finds it: this keeps accidents apart, not attackers. Attackers are why
the host checks every frame.
"""

import os
import sys
from dataclasses import dataclass
from io import BufferedReader, BufferedWriter, TextIOWrapper

from evaluator.harness.protocol import NO_RUN, VERSION, Frame, Kind, encode, log_marker


@dataclass(frozen=True)
class Channels:
    """The harness' own ends of commands and results."""

    commands: BufferedReader
    results: BufferedWriter

    def send(self, frame: Frame) -> None:
        """Send a frame at once."""
        self.results.write(encode(frame))
        self.results.flush()

    def close(self) -> None:
        """Let go of both, without sending what is still held back."""
        self.commands.close()
        self.results.close()

    def say_ready(self) -> None:
        """Tell that the imports are done. What they printed ends with a mark in the log."""
        self.end_log(NO_RUN)
        self.send(Frame(Kind.READY, NO_RUN, bytes([VERSION])))

    def end_log(self, run: bytes) -> None:
        """Push out what was printed so far and mark the end of the run in the log."""
        sys.stdout.flush()
        sys.stderr.flush()
        with os.fdopen(os.dup(2), "wb") as log:
            log.write(log_marker(run))


def take_channels() -> Channels:
    """Move commands and results away from descriptors 0 and 1. To be called once, at the start."""
    commands = os.fdopen(os.dup(0), "rb")
    results = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return Channels(commands=commands, results=results)
