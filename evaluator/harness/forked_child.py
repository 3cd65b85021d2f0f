"""A fork server's child: the process of one submission, and the parent's ends of its pipes."""

import contextlib
import os
import sys
import traceback
from dataclasses import dataclass

from evaluator.harness import processes
from evaluator.harness.channels import Channels
from evaluator.harness.runners import Runner
from evaluator.harness.service import Service


@dataclass(frozen=True)
class Child:
    """A child as its parent sees it: descriptors of its commands and results."""

    pid: int
    commands: int
    results: int

    def tell(self, line: bytes) -> None:
        """Pass a command on. Nothing is raised if the child has gone; its results tell that."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.commands, line + b"\n")

    def close(self) -> None:
        """Close the parent's ends."""
        os.close(self.commands)
        os.close(self.results)


def fork_child(parents: Channels, runner: Runner) -> Child:
    """Fork a child that serves one submission with `runner`, and never returns from it.

    The child loses the parent's channels before it is told what to load.
    """
    commands, telling = os.pipe()
    answers, results = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for descriptor in (telling, answers):
                os.close(descriptor)
            parents.close()
            processes.volunteer_for_out_of_memory()
            status = _serve(commands, results, runner)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    os.close(commands)
    os.close(results)
    return Child(pid=pid, commands=telling, results=answers)


def _serve(commands: int, results: int, runner: Runner) -> int:
    channels = Channels(commands=os.fdopen(commands, "rb"), results=os.fdopen(results, "wb"))
    return Service(channels, runner).serve()
