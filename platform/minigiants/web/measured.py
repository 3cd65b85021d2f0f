"""What the host measured of a run, as rows of a list."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from minigiants.web.templatetags.quantities import file_size, rate, seconds

_ROWS: Final[Mapping[str, tuple[str, Callable[[float | None], str]]]] = {
    "latency_seconds": ("Latency, per example", seconds),
    "throughput": ("Throughput", rate),
    "load_seconds": ("Loading", seconds),
    "smoke_seconds": ("Smoke run", seconds),
    "hidden_seconds": ("Hidden run", seconds),
    "peak_memory_bytes": ("Peak memory", file_size),
    "gpu_peak_memory_bytes": ("Peak memory of the GPU", file_size),
    "cpu_seconds": ("Processor time", seconds),
}

DEVICES: Final = {"cpu": "CPU", "cuda": "GPU"}


def measured_rows(measurements: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Title and value of each quantity that was measured; what it ran on and in comes last."""
    if not measurements:
        return []
    rows = [
        (title, write(measurements[name]))
        for name, (title, write) in _ROWS.items()
        if measurements.get(name) is not None
    ]
    if device := measurements.get("device"):
        rows.append(("Device", DEVICES[device]))
    if sandbox := measurements.get("sandbox"):
        rows.append(("Sandbox", str(sandbox)))
    return rows
