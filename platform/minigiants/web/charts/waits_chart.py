"""How long things waited, by day: the median, and up to where nearly all of them lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.safestring import SafeString

from minigiants.web.charts.scales import Linear, Timeline, midnight
from minigiants.web.charts.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawing
from minigiants.web.templatetags.quantities import seconds

NOON = timedelta(hours=12)
CAP_PIXELS = 5


@dataclass(frozen=True)
class DayWaits:
    """The waits of a day in UTC, in seconds."""

    day: date
    count: int
    median: float
    p95: float


def waits_chart(days: Sequence[DayWaits], *, name: str, title: str) -> SafeString:
    """A point at each day's median, and a line to its 95th percentile. Empty without days."""
    if not days:
        return SafeString("")
    first, last = midnight(days[0].day), midnight(days[-1].day) + timedelta(days=1)
    x = Timeline(first, last, LEFT, WIDTH - RIGHT)
    longest = max(day.p95 for day in days)
    y = Linear(0.0, longest * 1.06 or 1.0, HEIGHT - BOTTOM, TOP)
    drawing = Drawing(name, title, _summary(days))
    for moment in x.ticks():
        drawing.tick_x(x.at(moment), x.label(moment))
    for wait in y.ticks():
        drawing.tick_y(y.at(wait), seconds(wait))
    drawing.frame("Queued on (UTC)", "\N{UPWARDS ARROW} waited")
    for day in days:
        across = x.at(midnight(day.day) + NOON)
        low, high = y.at(day.median), y.at(day.p95)
        told = f"half in {seconds(day.median)}, 95 % in {seconds(day.p95)}"
        group = drawing.group("point", f"{day.day.isoformat()}: {told}, of {day.count}")
        drawing.add("line", "whisker", group, x1=across, x2=across, y1=low, y2=high)
        drawing.add(
            "line",
            "whisker",
            group,
            x1=across - CAP_PIXELS,
            x2=across + CAP_PIXELS,
            y1=high,
            y2=high,
        )
        drawing.add("circle", "mark", group, cx=across, cy=low, r=4)
    return drawing.render()


def _summary(days: Sequence[DayWaits]) -> str:
    worst = max(days, key=lambda day: day.p95)
    return (
        f"Medians from {seconds(min(day.median for day in days))} to "
        f"{seconds(max(day.median for day in days))} a day. The longest 95th percentile is "
        f"{seconds(worst.p95)}, on {worst.day.isoformat()}. The table below has the same."
    )
