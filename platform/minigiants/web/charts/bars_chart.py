"""Bar charts: how much of something there was each day."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.safestring import SafeString

from minigiants.web.charts.scales import Linear, Timeline, midnight
from minigiants.web.charts.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawing

GAP_PIXELS = 1.0
WIDEST_PIXELS = 48.0


def bars_chart(days: Sequence[tuple[date, int]], *, name: str, title: str, unit: str) -> SafeString:
    """A bar for each day in UTC, from a base of zero. Empty without days."""
    if not days:
        return SafeString("")
    first, last = midnight(days[0][0]), midnight(days[-1][0]) + timedelta(days=1)
    most = max(count for _, count in days)
    x = Timeline(first, last, LEFT, WIDTH - RIGHT)
    y = Linear(0.0, max(most * 1.06, 1.0), HEIGHT - BOTTOM, TOP)
    drawing = Drawing(name, title, _summary(days, unit))
    for moment in x.ticks():
        drawing.tick_x(x.at(moment), x.label(moment))
    for count in y.ticks():
        if count == int(count):
            drawing.tick_y(y.at(count), f"{count:.0f}")
    drawing.frame("Day (UTC)", f"↑ {unit}")
    for day, count in days:
        left, right = x.at(midnight(day)), x.at(midnight(day) + timedelta(days=1))
        width = min(max(right - left - GAP_PIXELS, GAP_PIXELS), WIDEST_PIXELS)
        group = drawing.group("bar", f"{day.isoformat()}: {count} {unit}")
        height = y.at(0) - y.at(count)
        place = (left + right - width) / 2
        drawing.add("rect", "mark", group, x=place, y=y.at(count), width=width, height=height)
    return drawing.render()


def _summary(days: Sequence[tuple[date, int]], unit: str) -> str:
    span = (days[-1][0] - days[0][0]).days + 1
    most = max(count for _, count in days)
    total = sum(count for _, count in days)
    return (
        f"{unit.capitalize()}: {total} in all, at most {most} a day, some on {len(days)} of {span} "
        "days. The table below has the same."
    )
