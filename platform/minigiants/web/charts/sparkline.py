"""A team's improvements as a line as small as a word."""

from collections.abc import Sequence
from typing import Final

from django.utils.safestring import SafeString

from minigiants.web.charts.scales import Linear
from minigiants.web.charts.svg import Drawing

WIDTH: Final = 64
HEIGHT: Final = 18


def sparkline(name: str, scores: Sequence[float], *, higher_is_better: bool) -> SafeString:
    """`scores` from the earliest to the latest; better is up. Empty for fewer than two."""
    if len(scores) < 2:
        return SafeString("")
    bottom, top = (HEIGHT - 3, 3) if higher_is_better else (3, HEIGHT - 3)
    y = Linear.over(scores, start=bottom, end=top)
    step = (WIDTH - 6) / (len(scores) - 1)
    drawing = Drawing(
        name,
        "Improvements",
        f"{len(scores)} improvements, from {scores[0]:.4g} to {scores[-1]:.4g}",
        width=WIDTH,
        height=HEIGHT,
    )
    drawing.root.set("class", "spark")
    places = [(3 + step * number, y.at(score)) for number, score in enumerate(scores)]
    drawing.path("stepline", places)
    drawing.add("circle", "mark", cx=places[-1][0], cy=places[-1][1], r=2)
    return drawing.render()
