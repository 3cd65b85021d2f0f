"""How a harness is started: its arguments, and its whole environment.

Nothing of the worker's own environment gets in.
"""

import math
import sys

from evaluator.contract import Limits

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
HASH_SEEDS = 2**32
HARNESS_MODULE = "evaluator.harness"
FILTER_SYSTEM_CALLS = "--filter-system-calls"
WARM_FORMATS = frozenset({"onnx"})
"""Formats whose runtime every model needs: it is imported before the clock of the load starts."""


def threads_for(limits: Limits) -> int:
    """Threads for a share of CPUs: one for each that is begun."""
    return max(1, math.ceil(limits.cpus))


def harness_environment(limits: Limits, *, seed: int) -> dict[str, str]:
    """Variables for the harness. Threads are explicit: libraries would count the host's cores."""
    threads = str(threads_for(limits))
    return {
        "HOME": "/tmp",  # noqa: S108 inside the sandbox, a tmpfs of its own
        "TMPDIR": "/tmp",  # noqa: S108 as above
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": str(seed % HASH_SEEDS),
        **dict.fromkeys(THREAD_VARIABLES, threads),
    }


def harness_arguments(format_name: str, limits: Limits) -> list[str]:
    """The harness' command-line arguments for models of a format."""
    arguments = ["--format", format_name, "--threads", str(threads_for(limits))]
    if sys.platform == "linux":  # a participant may practise elsewhere, on a model of their own
        arguments.append(FILTER_SYSTEM_CALLS)
    return [*arguments, "--warm"] if format_name in WARM_FORMATS else arguments
