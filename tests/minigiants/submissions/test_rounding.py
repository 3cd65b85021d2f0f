"""How many values a model can choose from, when it speaks by what is measured of it."""

import math

import numpy as np

from minigiants.submissions.rounding import rounded, shown_measurements

STEPS = 50_000
PER_DECADE = 90
"""Two significant digits: 10 to 99."""


def test_each_figure_has_ninety_values_a_decade() -> None:
    told = {
        name: {
            shown_measurements({name: value})[name]
            for value in np.geomspace(1, 1000, STEPS, endpoint=False)
        }
        for name in (
            "hidden_seconds",
            "latency_seconds",
            "peak_memory_bytes",
            "gpu_peak_memory_bytes",
            "cpu_seconds",
        )
    }
    for name, values in told.items():
        assert len(values) <= 3 * PER_DECADE + 1, name


def test_figures_of_one_quantity_tell_no_more_than_one_of_them() -> None:
    """Throughput is examples by seconds, and the board's latency is the submission's."""
    times = np.geomspace(0.1, 100, STEPS, endpoint=False)
    together, apart = (
        {
            (
                rounded(seconds),
                shown_measurements({"hidden_seconds": seconds, "examples": 600})["throughput"]
                if derived
                else rounded(600 / seconds),
            )
            for seconds in times
        }
        for derived in (True, False)
    )
    assert len(together) <= 3 * PER_DECADE + 1
    # The control: rounded each by itself, they cut the seconds where the other one does not.
    assert math.log2(len(apart)) > math.log2(len(together)) + 0.5


def test_what_was_not_measured_is_not_shown() -> None:
    measured = {"sandbox": "docker", "device": "cpu", "load_seconds": 1.2345, "examples": 600}
    shown = shown_measurements(measured)
    assert shown == {"sandbox": "docker", "device": "cpu", "load_seconds": 1.2}
