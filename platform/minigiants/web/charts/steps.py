"""A step chart: a value that holds from one moment to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

WIDTH: Final = 720
HEIGHT: Final = 260
LEFT, RIGHT, TOP, BOTTOM = 72, 16, 16, 40
"""The margins around the drawing, in which its labels stand."""
LEVELS: Final = 4
"""How many values are written beside the chart."""


@dataclass(frozen=True)
class Mark:
    """A point of the drawing and what is told of it."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class StepChart:
    """A drawing of `WIDTH` by `HEIGHT` units: a line, its points, and what stands at the edges."""

    path: str
    points: Sequence[Mark]
    levels: Sequence[Mark]
    moments: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def step_chart(
    steps: Sequence[tuple[datetime, float, str]],
    *,
    until: datetime,
    rising_is_up: bool,
    shown: Callable[[float], str],
) -> StepChart:
    """The chart of `steps`: when a value began to hold, the value, and what to say of it.

    The last holds `until`. Better is always up: where smaller is better, so `rising_is_up` false,
    the axis is turned. `shown` writes a value. Raises ValueError without a step.
    """
    if not steps:
        raise ValueError("there is nothing to draw")
    began = steps[0][0]
    span = max((until - began).total_seconds(), 1.0)
    values = [value for _, value, _ in steps]
    least, most = min(values), max(values)
    room = (most - least) * 0.1 or max(abs(most) * 0.05, 1e-6)
    least, most = least - room, most + room

    def across(at: datetime) -> float:
        share = min(max((at - began).total_seconds() / span, 0.0), 1.0)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def up(value: float) -> float:
        share = (value - least) / (most - least)
        share = share if rising_is_up else 1 - share
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    points = [Mark(across(at), up(value), label) for at, value, label in steps]
    path = f"M{points[0].x} {points[0].y}"
    for point in points[1:]:
        path += f"H{point.x}V{point.y}"
    path += f"H{across(until)}"
    levels = [
        Mark(LEFT, up(value), shown(value))
        for value in (least + (most - least) * (step + 0.5) / LEVELS for step in range(LEVELS))
    ]
    moments = [Mark(across(at), HEIGHT - BOTTOM, f"{at:%d %b %Y}") for at in (began, until)]
    return StepChart(path=path, points=points, levels=levels, moments=moments)
