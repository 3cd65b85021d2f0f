"""What the machine has on which jobs run, and what of it a job is given."""

import os
from dataclasses import replace

from evaluator.contract import Machine
from evaluator.sandbox.base import SandboxRequest


def this_machine() -> Machine:
    """The cores that this process may use, and all memory of the machine. For Linux."""
    return Machine(
        cpus=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def on_machine(request: SandboxRequest, machine: Machine) -> SandboxRequest:
    """The request with no more CPUs than there are.

    The limit is the most that a model gets, and an engine refuses to promise more than all.
    """
    cpus = min(request.limits.cpus, machine.cpus)
    return replace(request, limits=request.limits.model_copy(update={"cpus": cpus}))
