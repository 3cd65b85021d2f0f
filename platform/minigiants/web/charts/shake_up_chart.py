"""The shake-up as a slope chart: public ranks to the left, private ones to the right."""

from collections.abc import Sequence
from typing import Final

from django.utils.safestring import SafeString

from minigiants.leaderboards.shake_up import ShakeUpRow
from minigiants.web.charts.svg import Drawing

ROW_HEIGHT: Final = 22
SIDE: Final = 250
RANK: Final = 44
NAME: Final = 26
ROWS: Final = 25


def shake_up_chart(rows: Sequence[ShakeUpRow]) -> SafeString:
    """The first rows of a private board, each in the order of both ranks; empty without any."""
    shown = [row for row in rows[:ROWS] if row.public_rank is not None]
    if not shown:
        return SafeString("")
    order = sorted(shown, key=lambda row: row.public_rank or 0)
    height = ROW_HEIGHT * len(shown) + 40
    climbed = sum((row.climbed or 0) > 0 for row in shown)
    fallen = sum((row.climbed or 0) < 0 for row in shown)
    drawing = Drawing(
        "shake-up",
        "Ranks from the public board to the private one",
        f"Of {len(shown)} teams {climbed} climbed, {fallen} fell and "
        f"{len(shown) - climbed - fallen} stayed. The table below has the same.",
        height=height,
    )
    right = drawing.width - SIDE
    drawing.text("axistitle", SIDE, 14, "Public", anchor="end")
    drawing.text("axistitle", right, 14, "Private", anchor="start")
    for number, row in enumerate(shown):
        left_y = 36 + ROW_HEIGHT * order.index(row)
        right_y = 36 + ROW_HEIGHT * number
        change = row.climbed or 0
        kind = "up" if change > 0 else "down" if change < 0 else "same"
        drawing.line(f"slope {kind}", SIDE + 6, left_y, right - 6, right_y)
        drawing.text("label", SIDE, left_y + 4, str(row.public_rank), anchor="end")
        drawing.text("tick", SIDE - RANK, left_y + 4, row.team[:NAME], anchor="end")
        drawing.text("label", right, right_y + 4, str(row.private_rank), anchor="start")
        drawing.text("tick", right + RANK, right_y + 4, row.team[:NAME], anchor="start")
    return drawing.render()
