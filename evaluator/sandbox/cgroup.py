"""A container's counters, read from its control group where that is in reach.

The engine tells them too, but its collector looks once a second: whoever asks while somebody else
watches the container waits for the next look.
"""

from collections.abc import Mapping
from pathlib import Path

from evaluator.sandbox.guest import Usage

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = Path("/proc")
NANOSECONDS, MICROSECONDS = 1e9, 1e6


def container_usage(pid: int, container: str) -> Usage | None:
    """What the container of this id, whose first process is `pid`, has used. None if not told here.

    Where the worker does not share the engine's view of processes, `pid` may be somebody else's:
    the group's path must name the container.
    """
    try:
        groups = _groups(pid)
        if container in groups.get("memory", "") and container in groups.get("cpuacct", ""):
            return _first_version(groups)
        if container in groups.get("", ""):
            return _second_version(groups[""])
    except (OSError, ValueError, KeyError):
        return None
    return None


def _groups(pid: int) -> Mapping[str, str]:
    """The path of each controller's group; the unified hierarchy's controller is empty."""
    lines = (PROCESSES / str(pid) / "cgroup").read_text().splitlines()
    parts = [line.split(":", maxsplit=2) for line in lines]
    return {name: path for _, names, path in parts for name in names.split(",")}


def _first_version(groups: Mapping[str, str]) -> Usage:
    memory = CGROUPS / "memory" / groups["memory"].lstrip("/")
    processor = CGROUPS / "cpuacct" / groups["cpuacct"].lstrip("/")
    return Usage(
        peak_memory_bytes=int((memory / "memory.max_usage_in_bytes").read_text()),
        cpu_seconds=int((processor / "cpuacct.usage").read_text()) / NANOSECONDS,
    )


def _second_version(path: str) -> Usage:
    group = CGROUPS / path.lstrip("/")
    told = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    return Usage(
        peak_memory_bytes=int((group / "memory.peak").read_text()),
        cpu_seconds=int(told["usage_usec"]) / MICROSECONDS,
    )
