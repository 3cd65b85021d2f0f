"""Step charts: scores that hold until somebody betters them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from minigiants.web.charts.scales import Linear, Timeline
from minigiants.web.charts.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawing


@dataclass(frozen=True)
class StepLine:
    """A line: its name, and its steps as (when, how much, what is told of it)."""

    title: str
    steps: Sequence[tuple[datetime, float, str]]


def steps_chart(
    lines: Sequence[StepLine],
    *,
    name: str,
    title: str,
    metric: str,
    higher_is_better: bool,
    until: datetime,
) -> SafeString:
    """The lines that have steps, drawn on until `until`; better is up. Empty without any."""
    drawn = [line for line in lines if line.steps]
    if not drawn:
        return SafeString("")
    moments = [at for line in drawn for at, _, _ in line.steps]
    last = max(until, *moments)
    bottom, top = HEIGHT - BOTTOM, TOP
    if not higher_is_better:
        bottom, top = top, bottom
    x = Timeline(min(moments), last, LEFT, WIDTH - RIGHT)
    y = Linear.over([score for line in drawn for _, score, _ in line.steps], start=bottom, end=top)
    drawing = Drawing(name, title, _summary(drawn))
    for moment in x.ticks():
        drawing.tick_x(x.at(moment), x.label(moment))
    for score in y.ticks():
        drawing.tick_y(y.at(score), f"{score:.4g}")
    drawing.frame("Handed in (UTC)", f"↑ {metric}, better above")
    for number, line in enumerate(drawn):
        places = [(x.at(at), y.at(score)) for at, score, _ in line.steps]
        places.append((x.at(last), places[-1][1]))
        drawing.path(f"stepline line{number}", places, stepped=True)
        for at, score, told in line.steps:
            group = drawing.group(f"point line{number}", told)
            drawing.add("circle", "mark", group, cx=x.at(at), cy=y.at(score), r=4)
        drawing.text(
            f"label line{number}",
            WIDTH - RIGHT,
            places[-1][1] + (-8 if places[-1][1] > TOP + 16 else 16),
            line.title[:32],
            anchor="end",
        )
    return drawing.render()


def _summary(lines: Sequence[StepLine]) -> str:
    parts = [
        f"{line.title}: {len(line.steps)} steps, the last {line.steps[-1][2]}" for line in lines
    ]
    return ". ".join(parts) + ". The table below has the same."
