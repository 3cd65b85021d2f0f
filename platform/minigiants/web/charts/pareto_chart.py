"""The Pareto chart: better is always up and to the right."""

from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from django.utils.safestring import SafeString

from minigiants.leaderboards.pareto import AXES, Dominance, ParetoPoint, ParetoView
from minigiants.web.charts.scales import Linear, Logarithmic
from minigiants.web.charts.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawing
from minigiants.web.templatetags.quantities import compact, file_size, seconds

LABELS: Final = 12
"""More names than these would lie on each other."""

COST_FORMATS: Final[dict[str, Callable[[float], str]]] = {
    "parameters": compact,
    "bits": compact,
    "memory": file_size,
    "latency": seconds,
}


def pareto_chart(view: ParetoView, *, metric: str) -> SafeString:
    """The points of `view` that have a cost above zero; empty where there is none."""
    points = [point for point in view.points if point.cost > 0]
    if not points:
        return SafeString("")
    written = COST_FORMATS[view.axis]
    drawing = Drawing("pareto", _title(view, metric), _summary(view, points, metric))
    ends = [end for point in points for end in (point.low, point.high) if end is not None]
    bottom, top = HEIGHT - BOTTOM, TOP
    if not view.higher_is_better:
        bottom, top = top, bottom
    x = Logarithmic.over([point.cost for point in points], start=WIDTH - RIGHT, end=LEFT)
    y = Linear.over([*(point.score for point in points), *ends], start=bottom, end=top)
    for cost in x.ticks():
        drawing.tick_x(x.at(cost), written(cost))
    for score in y.ticks():
        drawing.tick_y(y.at(score), f"{score:.4g}")
    drawing.frame(f"{AXES[view.axis].title}, fewer to the right →", f"↑ {metric}, better above")
    _front_line(drawing, points, x, y)
    labels = LABELS
    for point in sorted(points, key=lambda each: each.dominance == Dominance.FRONT):
        place = x.at(point.cost), y.at(point.score)
        group = drawing.group(f"point {point.dominance}", _tip(point, written))
        if point.low is not None and point.high is not None:
            whisker = {"x1": place[0], "x2": place[0]}
            drawing.add(
                "line", "whisker", group, y1=y.at(point.low), y2=y.at(point.high), **whisker
            )
        _mark(drawing, group, point, *place)
        if point.dominance == Dominance.FRONT and labels:
            labels -= 1
            near_right = place[0] > WIDTH - 160
            drawing.text(
                "label",
                place[0] + (-9 if near_right else 9),
                place[1] - 8,
                point.team[:24],
                anchor="end" if near_right else "start",
            )
    return drawing.render()


def _title(view: ParetoView, metric: str) -> str:
    return f"{metric} against {AXES[view.axis].title.lower()}"


def _summary(view: ParetoView, points: list[ParetoPoint], metric: str) -> str:
    front = [point for point in points if point.dominance == Dominance.FRONT]
    leanest, heaviest = front[0], front[-1]
    written = COST_FORMATS[view.axis]
    return (
        f"{len(points)} models. {len(front)} are on the front: from {leanest.team}, "
        f"{written(leanest.cost)} with {leanest.score_shown}, to {heaviest.team}, "
        f"{written(heaviest.cost)} with {heaviest.score_shown}. The table below has the same."
    )


def _tip(point: ParetoPoint, written: Callable[[float], str]) -> str:
    interval = "" if point.low is None else f" ({point.low:.4g} to {point.high:.4g})"
    baseline = ", baseline" if point.baseline else ""
    return (
        f"{point.team}{baseline}: {point.score_shown}{interval}, {written(point.cost)}, "
        f"{point.dominance}"
    )


def _front_line(drawing: Drawing, points: list[ParetoPoint], x: Logarithmic, y: Linear) -> None:
    front = [point for point in points if point.dominance == Dominance.FRONT]
    places = [(x.at(point.cost), y.at(point.score)) for point in front]
    # From the cheapest leftwards: a score is to be had for its cost and for all above.
    places.append((LEFT, places[-1][1]))
    drawing.path("frontline", places, stepped=True)


def _mark(drawing: Drawing, group: Element, point: ParetoPoint, x: float, y: float) -> None:
    """A shape for each kind, so that colour is not all that tells them apart."""
    kind = "mark baseline" if point.baseline else "mark"
    match point.dominance:
        case Dominance.FRONT:
            drawing.add("circle", kind, group, cx=x, cy=y, r=5.5)
        case Dominance.AMBIGUOUS:
            d = f"M{x:.1f} {y - 6:.1f}L{x + 6:.1f} {y:.1f}L{x:.1f} {y + 6:.1f}L{x - 6:.1f} {y:.1f}Z"
            drawing.add("path", kind, group, d=d)
        case Dominance.DOMINATED:
            drawing.add("rect", kind, group, x=x - 3, y=y - 3, width=6, height=6)
    if point.baseline:
        drawing.add("circle", "halo", group, cx=x, cy=y, r=10, fill="none")
