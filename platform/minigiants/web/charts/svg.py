"""Drawing SVG: elements instead of text, so that nothing a person wrote can become markup.

Colours come from the style sheet by class; a drawing reads without it too, in the text's colour.
"""

from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.safestring import SafeString, mark_safe

WIDTH: Final = 900
HEIGHT: Final = 430
LEFT, RIGHT, TOP, BOTTOM = 68, 20, 22, 48


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


@dataclass
class Drawing:
    """A chart. `title` and `summary` say to those who don't see it what it shows."""

    name: str
    title: str
    summary: str
    width: float = WIDTH
    height: float = HEIGHT
    root: Element = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the words."""
        self.root = Element(
            "svg",
            {
                "class": "chart",
                "viewBox": f"0 0 {_number(self.width)} {_number(self.height)}",
                "role": "img",
                "aria-labelledby": f"{self.name}-title {self.name}-summary",
            },
        )
        SubElement(self.root, "title", {"id": f"{self.name}-title"}).text = self.title
        SubElement(self.root, "desc", {"id": f"{self.name}-summary"}).text = self.summary

    def add(
        self, tag: str, kind: str, within: Element | None = None, **places: float | str
    ) -> Element:
        """An element of class `kind`; underscores in names stand for hyphens."""
        attributes = {
            name.replace("_", "-"): value if isinstance(value, str) else _number(value)
            for name, value in places.items()
        }
        parent = self.root if within is None else within
        return SubElement(parent, tag, {"class": kind, **attributes})

    def group(self, kind: str, tip: str = "") -> Element:
        """A group, with a text that shows when it is pointed at."""
        found = self.add("g", kind)
        if tip:
            SubElement(found, "title").text = tip
        return found

    def line(self, kind: str, x1: float, y1: float, x2: float, y2: float) -> None:
        """A straight line."""
        self.add("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)

    def text(self, kind: str, x: float, y: float, words: str, anchor: str = "middle") -> None:
        """A line of text."""
        self.add("text", kind, x=x, y=y, text_anchor=anchor).text = words

    def frame(self, x_title: str, y_title: str) -> None:
        """The titles of both axes, and their lines."""
        self.line("axis", LEFT, self.height - BOTTOM, self.width - RIGHT, self.height - BOTTOM)
        self.line("axis", LEFT, TOP, LEFT, self.height - BOTTOM)
        self.text("axistitle", (LEFT + self.width - RIGHT) / 2, self.height - 8, x_title)
        self.text("axistitle", 4, 12, y_title, anchor="start")

    def tick_x(self, x: float, words: str) -> None:
        """A tick below the chart, with a line through it."""
        self.line("grid", x, TOP, x, self.height - BOTTOM)
        near_end = x > self.width - RIGHT - 40
        self.text("tick", x, self.height - BOTTOM + 16, words, "end" if near_end else "middle")

    def tick_y(self, y: float, words: str) -> None:
        """A tick beside the chart, with a line through it."""
        self.line("grid", LEFT, y, self.width - RIGHT, y)
        self.text("tick", LEFT - 6, y + 4, words, anchor="end")

    def path(self, kind: str, points: list[tuple[float, float]], *, stepped: bool = False) -> None:
        """A line through `points`; stepped, it keeps its height until the next one."""
        parts = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
        for x, y in points[1:]:
            parts.append(
                f"H{_number(x)}V{_number(y)}" if stepped else f"L{_number(x)} {_number(y)}"
            )
        self.add("path", kind, d="".join(parts), fill="none", stroke="currentColor")

    def render(self) -> SafeString:
        """As markup to put into a page."""
        return mark_safe(tostring(self.root, encoding="unicode"))  # noqa: S308  (the writer escapes)
