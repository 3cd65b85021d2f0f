"""Counts of named things as bars that lie, the most frequent first."""

from collections.abc import Sequence
from typing import Final

from django.utils.safestring import SafeString

from minigiants.web.charts.scales import Linear
from minigiants.web.charts.svg import Drawing

ROW_HEIGHT: Final = 26
BAR_HEIGHT: Final = 16
NAMES: Final = 230
COUNTS: Final = 70


def counts_chart(
    counts: Sequence[tuple[str, int]], *, name: str, title: str, unit: str
) -> SafeString:
    """A bar for each of `counts`, in their order, from a base of zero. Empty without any."""
    if not counts:
        return SafeString("")
    drawing = Drawing(name, title, _summary(counts, unit), height=ROW_HEIGHT * len(counts) + 12)
    most = max(count for _, count in counts)
    x = Linear(0.0, max(float(most), 1.0), NAMES, drawing.width - COUNTS)
    for number, (words, count) in enumerate(counts):
        middle = 6 + ROW_HEIGHT * (number + 0.5)
        group = drawing.group("bar", f"{words}: {count} {unit}")
        drawing.add(
            "rect",
            "mark",
            group,
            x=NAMES,
            y=middle - BAR_HEIGHT / 2,
            width=x.at(count) - NAMES,
            height=BAR_HEIGHT,
        )
        drawing.text("label", NAMES - 8, middle + 4, words, anchor="end")
        drawing.text("tick", x.at(count) + 6, middle + 4, f"{count:,}", anchor="start")
    drawing.line("axis", NAMES, 0, NAMES, drawing.height)
    return drawing.render()


def _summary(counts: Sequence[tuple[str, int]], unit: str) -> str:
    words, count = counts[0]
    total = sum(each for _, each in counts)
    return (
        f"{unit.capitalize()}: {total} in all, for {len(counts)} reasons. {count} of them: "
        f"{words}. The table below has the same."
    )
