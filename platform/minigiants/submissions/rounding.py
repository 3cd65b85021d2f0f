"""How far measurements of a hidden run are rounded before anybody but hosts sees them."""

from collections.abc import Mapping
from typing import Any

SIGNIFICANT_DIGITS = 2
"""A model can steer its time and memory by hidden inputs: each digit is 3.3 bits more of them."""

SHOWN_MEASUREMENTS = (
    "load_seconds",
    "smoke_seconds",
    "hidden_seconds",
    "latency_seconds",
    "peak_memory_bytes",
    "gpu_peak_memory_bytes",
    "cpu_seconds",
)


def rounded(value: float) -> float:
    """`value` to `SIGNIFICANT_DIGITS` significant digits."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def shown_measurements(measured: Mapping[str, Any]) -> dict[str, Any]:
    """What a team is told of an evaluation's `Measurements`, in seconds and bytes.

    The throughput is made of the rounded time: rounded by itself, it would tell more of the same.
    """
    shown: dict[str, Any] = {
        name: rounded(measured[name])
        for name in SHOWN_MEASUREMENTS
        if measured.get(name) is not None
    }
    examples, seconds = measured.get("examples"), shown.get("hidden_seconds")
    if examples and seconds:
        shown["throughput"] = rounded(examples / seconds)
    return {"sandbox": measured.get("sandbox"), "device": measured.get("device"), **shown}
