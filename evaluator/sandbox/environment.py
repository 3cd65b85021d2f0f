"""How a harness is started: its arguments, and its whole environment.

Nothing of the worker's own environment gets in.
"""

import math
import sys

from evaluator.contract import Limits
from evaluator.harness.protocol import CPU

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
HARNESS_MODULE = "evaluator.harness"
FILTER_SYSTEM_CALLS = "--filter-system-calls"
WARM, SERVE = "--warm", "--serve"

CODELESS_FORMATS = frozenset({"onnx", "transformers"})
"""Formats in which no participant code runs."""

IMPORTED_FORMATS = frozenset({"onnx", "transformers"})
"""Formats whose runtime every model needs: it is imported before the clock of the load starts."""

GPU_FORMATS = frozenset({"python", "transformers"})
"""Formats that are run on a GPU where a sandbox has one. The image's onnxruntime knows none."""


def threads_for(limits: Limits) -> int:
    """Threads for a share of CPUs: one for each that is begun."""
    return max(1, math.ceil(limits.cpus))


def harness_environment(threads: int) -> dict[str, str]:
    """Variables for the harness. Threads are explicit: libraries would count the host's cores.

    Nothing in it depends on a submission, since a harness may wait for one.
    """
    return {
        "HOME": "/tmp",  # noqa: S108 inside the sandbox, a tmpfs of its own
        "TMPDIR": "/tmp",  # noqa: S108 as above
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        "ORT_DISABLE_TELEMETRY": "1",  # which would start threads at the import already
        # Freed memory stays with the process, which is short-lived: each batch finds pages that
        # are mapped already. A language model gains a tenth of its time.
        "MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2),
        "MALLOC_TRIM_THRESHOLD_": str(256 * 1024**2),
        # A folder that exists: torch looks for one at the import, and a fork server can make none.
        "TORCHINDUCTOR_CACHE_DIR": "/tmp",  # noqa: S108 as above
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
    }


def harness_arguments(
    format_name: str, limits: Limits, *, mode: str = "", device: str = CPU
) -> list[str]:
    """The harness' command-line arguments for models of a format, run on a device.

    `mode` is `WARM` to import the runtime ahead, `SERVE` to fork for each submission besides;
    without it formats that need it anyway are started `WARM`.
    """
    arguments = ["--format", format_name, "--threads", str(threads_for(limits))]
    arguments += ["--device", device]
    if sys.platform == "linux":  # a participant may practise elsewhere, on a model of their own
        arguments.append(FILTER_SYSTEM_CALLS)
    if not mode and format_name in IMPORTED_FORMATS:
        mode = WARM
    return [*arguments, mode] if mode else arguments
