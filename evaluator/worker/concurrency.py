"""How many jobs a worker takes at a time where nobody has said, and on which GPU each runs."""

import os
import sys
from typing import Final

SLOT_MEMORY_BYTES: Final = 3 * 1024**3
"""What a slot may need: the usual limit of a model's memory, and the libraries it is loaded by."""
ALL_DEVICES: Final = "all"


def fitting_slots(gpu: str | None) -> int:
    """A job for each GPU device that is named, else for each core as far as the memory goes.

    "all" names no number of devices, so it is one slot that has them all.
    """
    if gpu is not None:
        return 1 if gpu == ALL_DEVICES else len(gpu.split(","))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(_cores(), memory // SLOT_MEMORY_BYTES))


def device_of_slot(gpu: str | None, slot: int) -> str | None:
    """The GPU device of a slot: slots take turns where there are more of them than devices."""
    if gpu is None:
        return None
    devices = gpu.split(",")
    return devices[slot % len(devices)]


def _cores() -> int:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
