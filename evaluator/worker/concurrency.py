"""How many jobs a worker takes at a time where nobody has said, and on which GPU each runs."""

import os
import sys
from typing import Final

from evaluator.sandbox.nvidia_smi import ALL_DEVICES

SLOT_MEMORY_BYTES: Final = 3 * 1024**3
"""What a slot may need: the usual limit of a model's memory, and the libraries it is loaded by."""


def gpu_devices(gpu: str) -> list[str]:
    """The devices that a setting names, with commas between. "all" names no number: it is one.

    Raises `ValueError` for a device that is named twice, or that has no name.
    """
    devices = gpu.split(",")
    if "" in devices or len(set(devices)) < len(devices):
        raise ValueError("must name each GPU device once, with single commas between")
    if ALL_DEVICES in devices and len(devices) > 1:
        raise ValueError(f"must name devices, or be {ALL_DEVICES!r} alone")
    return devices


def fitting_slots(gpu: str | None) -> int:
    """A job for each GPU device, else for each core as far as the memory goes."""
    if gpu is not None:
        return len(gpu_devices(gpu))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(_cores(), memory // SLOT_MEMORY_BYTES))


def device_of_slot(gpu: str | None, slot: int) -> str | None:
    """The GPU device, or all of them, that a slot has for itself."""
    return None if gpu is None else gpu_devices(gpu)[slot]


def _cores() -> int:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
