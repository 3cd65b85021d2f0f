"""A fork server's child: the process of one submission, and the parent's ends of its pipes."""

import contextlib
import os
import sys
import traceback
from dataclasses import dataclass

from evaluator.harness import processes
from evaluator.harness.channels import Channels
from evaluator.harness.protocol import CPU
from evaluator.harness.runners import Runner
from evaluator.harness.service import Service
from evaluator.harness.system_calls import deny_opening_to_write

STDOUT, STDERR = 1, 2


@dataclass(frozen=True)
class Child:
    """A child as its parent sees it: descriptors of its commands, its results and its log."""

    pid: int
    commands: int
    results: int
    log: int

    def tell(self, line: bytes) -> None:
        """Pass a command on. Nothing is raised if the child has gone; its results tell that."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self.commands, line + b"\n")

    def close(self) -> None:
        """Close the parent's ends."""
        for descriptor in (self.commands, self.results, self.log):
            os.close(descriptor)


def fork_child(parents: Channels, runner: Runner) -> Child:
    """Fork a child that serves one submission with `runner`, and never returns from it.

    Before it is told what to load it has let go of all that the parent has open. Not even the log
    is shared: flags that a process sets on a descriptor hold for all that share it, and stay.
    """
    commands, telling = os.pipe()
    answers, results = os.pipe()
    log, printed = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()  # a signal to the child's group does not reach the parent
            processes.heed_signals()
            parents.close()
            _keep_only(commands, results, printed)
            processes.volunteer_for_out_of_memory()
            deny_opening_to_write()
            channels = Channels(os.fdopen(commands, "rb"), os.fdopen(results, "wb"))
            status = Service(channels, runner, device=CPU).serve()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)  # `channels` are open up to here: their end is the child's
    for descriptor in (commands, results, printed):
        os.close(descriptor)
    return Child(pid=pid, commands=telling, results=answers, log=log)


def _keep_only(commands: int, results: int, printed: int) -> None:
    """Print to `printed`, read nothing from standard input, and close everything else."""
    os.dup2(printed, STDOUT)
    os.dup2(printed, STDERR)
    processes.close_all_but(STDOUT, STDERR, commands, results)
    if os.open(os.devnull, os.O_RDONLY) != 0:
        raise RuntimeError("standard input is in use")
