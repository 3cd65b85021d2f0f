"""How far a submission is from its team's best: an interval beside the line of no difference."""

from django.utils.safestring import SafeString

from minigiants.submissions.comparisons import ShownComparison
from minigiants.web.charts.scales import Linear
from minigiants.web.charts.svg import Drawing

WIDTH = 440
HEIGHT = 92
EDGE = 16
MIDDLE = 40


def difference_chart(found: ShownComparison, *, decimals: int) -> SafeString:
    """The paired difference with its 95 % interval; better is to the right."""
    value, low, high = -found.difference, -found.high, -found.low
    drawing = Drawing(
        "difference",
        "Difference to your best before, with its 95 % interval",
        f"Better by {value:+.{decimals}f}, from {low:+.{decimals}f} to {high:+.{decimals}f}. "
        + ("The interval holds zero." if low <= 0 <= high else "The interval leaves zero out."),
        width=WIDTH,
        height=HEIGHT,
    )
    # Zero in the middle: the side tells the direction before a number is read.
    reach = max(abs(low), abs(high)) * 1.15 or 1.0
    x = Linear(-reach, reach, EDGE, WIDTH - EDGE)
    drawing.line("axis", EDGE, MIDDLE, WIDTH - EDGE, MIDDLE)
    drawing.line("zero", x.at(0), MIDDLE - 20, x.at(0), MIDDLE + 20)
    drawing.text("tick", EDGE, 12, "← worse", anchor="start")
    drawing.text("tick", x.at(0), 12, "no difference")
    drawing.text("tick", WIDTH - EDGE, 12, "better →", anchor="end")
    group = drawing.group(f"point {found.verdict}")
    drawing.add("line", "whisker", group, x1=x.at(low), x2=x.at(high), y1=MIDDLE, y2=MIDDLE)
    for end in (low, high):
        drawing.add(
            "line", "whisker", group, x1=x.at(end), x2=x.at(end), y1=MIDDLE - 7, y2=MIDDLE + 7
        )
    drawing.add("circle", "mark", group, cx=x.at(value), cy=MIDDLE, r=5.5)
    shown = f"{value:+.{decimals}f} ({low:+.{decimals}f} to {high:+.{decimals}f})"
    drawing.text("label", WIDTH / 2, HEIGHT - 8, shown)
    return drawing.render()
