"""Scales and drawings."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigiants.submissions.comparisons import ShownComparison
from minigiants.web.charts.counts_chart import counts_chart
from minigiants.web.charts.difference_chart import difference_chart
from minigiants.web.charts.scales import Linear, Logarithmic, Timeline
from minigiants.web.charts.sparkline import sparkline
from minigiants.web.charts.steps_chart import StepLine, steps_chart
from minigiants.web.charts.svg import Drawing
from minigiants.web.charts.waits_chart import DayWaits, waits_chart

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)
VALUES = st.lists(
    st.floats(min_value=-1e6, max_value=1e6).filter(lambda value: value == 0 or abs(value) > 1e-6),
    min_size=1,
    max_size=6,
)


@given(values=VALUES)
def test_a_linear_scale_holds_all_and_keeps_their_order(values: list[float]) -> None:
    scale = Linear.over(values, start=100, end=0)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert all(0 <= place <= 100 for place in places)
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 12
    assert all(scale.low <= tick <= scale.high for tick in ticks)


@given(values=st.lists(st.floats(min_value=1e-6, max_value=1e12), min_size=1, max_size=6))
def test_a_logarithmic_scale_holds_all_and_keeps_their_order(values: list[float]) -> None:
    scale = Logarithmic.over(values, start=600, end=0)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert all(scale.low <= tick <= scale.high for tick in scale.ticks())


@pytest.mark.parametrize("span", [timedelta(seconds=5), timedelta(hours=7), timedelta(days=900)])
def test_a_timeline_has_round_ticks(span: timedelta) -> None:
    scale = Timeline(NOW, NOW + span, 0, 100)
    assert len(scale.ticks()) <= 6
    assert all(NOW <= tick <= NOW + span for tick in scale.ticks())
    assert [scale.at(NOW), scale.at(NOW + span)] == [0, 100]


def test_what_people_wrote_is_text_in_a_drawing() -> None:
    hostile = '"><script>alert(1)</script>'
    drawing = Drawing("x", hostile, hostile)
    drawing.text("label", 1, 2, hostile)
    drawing.group("point", hostile)
    markup = drawing.render()
    assert "<script" not in markup
    assert [element.tag for element in fromstring(markup)] == ["title", "desc", "text", "g"]


def test_lines_without_steps_are_left_out() -> None:
    def draw(*lines: StepLine) -> str:
        return steps_chart(lines, name="n", title="t", metric="m", higher_is_better=True, until=NOW)

    assert draw(StepLine("empty", ())) == ""
    assert "empty" not in draw(StepLine("empty", ()), StepLine("one", [(NOW, 0.5, "half")]))


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_better_steps_are_drawn_higher(higher_is_better: bool) -> None:
    scores = [0.2, 0.5, 0.9] if higher_is_better else [0.9, 0.5, 0.2]
    steps = [(NOW + timedelta(days=day), score, "told") for day, score in enumerate(scores)]
    drawn = fromstring(
        steps_chart(
            [StepLine("Record", steps)],
            name="n",
            title="t",
            metric="m",
            higher_is_better=higher_is_better,
            until=NOW,
        )
    )
    heights = [float(point.attrib["cy"]) for point in drawn.iter("circle")]
    assert len(heights) == 3
    assert heights == sorted(heights, reverse=True)


def test_counts_are_bars_as_long_as_they_are_many() -> None:
    assert counts_chart([], name="n", title="t", unit="failures") == ""
    counts = [("out_of_memory", 8), ("timed_out", 4), ("<b>", 1)]
    drawn = fromstring(counts_chart(counts, name="n", title="t", unit="failures"))
    widths = [float(bar.attrib["width"]) for bar in drawn.iter("rect")]
    assert widths == pytest.approx([widths[0], widths[0] / 2, widths[0] / 8], abs=0.1)
    words = [element.text for element in drawn if element.tag == "text"]
    assert words == ["out_of_memory", "8", "timed_out", "4", "<b>", "1"]
    (summary,) = drawn.iter("desc")
    assert summary.text is not None
    assert summary.text.startswith("Failures: 13 in all, for 3 reasons. 8 of them: out_of_memory.")


def test_waits_reach_from_the_median_to_the_95th_percentile() -> None:
    assert waits_chart([], name="n", title="t") == ""
    days = [
        DayWaits(NOW.date(), 3, 0.0, 0.0),
        DayWaits(NOW.date() + timedelta(days=1), 5, 2.0, 8.0),
    ]
    drawn = fromstring(waits_chart(days, name="n", title="t"))
    idle, busy = (point for point in drawn.iter("g"))
    whisker = next(busy.iter("line"))
    low, high = float(whisker.attrib["y1"]), float(whisker.attrib["y2"])
    (floor,) = (float(point.attrib["cy"]) for point in idle.iter("circle"))
    (median,) = (float(point.attrib["cy"]) for point in busy.iter("circle"))
    assert low == median
    assert high < median < floor
    (summary,) = drawn.iter("desc")
    assert summary.text is not None
    assert "Medians from 0 µs to 2 s a day. The longest 95th percentile is 8 s" in summary.text


@pytest.mark.parametrize(("higher_is_better", "rises"), [(True, True), (False, True)])
def test_a_sparkline_rises_when_a_team_gets_better(higher_is_better: bool, rises: bool) -> None:
    scores = [0.1, 0.9] if higher_is_better else [0.9, 0.1]
    drawn = fromstring(sparkline("s", scores, higher_is_better=higher_is_better))
    (path,) = [element for element in drawn if element.tag == "path"]
    first, last = (float(part.split()[1]) for part in path.attrib["d"].strip("M").split("L"))
    assert (last < first) is rises
    assert sparkline("s", [0.5], higher_is_better=True) == ""


@pytest.mark.parametrize(
    ("difference", "low", "high", "said", "verdict"),
    [
        (-0.02, -0.03, -0.01, "Better by +0.0200, from +0.0100 to +0.0300", "better"),
        (0.02, 0.01, 0.03, "Better by -0.0200, from -0.0300 to -0.0100", "worse"),
        (0.0, 0.0, 0.0, "The interval holds zero.", "not_significant"),
        (0.001, -0.002, 0.004, "The interval holds zero.", "not_significant"),
    ],
)
def test_a_paired_difference_is_drawn_beside_zero(
    difference: float, low: float, high: float, said: str, verdict: Any
) -> None:
    found = ShownComparison(
        best_submission=UUID(int=1),
        difference=difference,
        low=low,
        high=high,
        p_value=0.5,
        method="bootstrap",
        examples=100,
        verdict=verdict,
        shown="",
    )
    drawing = fromstring(difference_chart(found, decimals=4))
    assert said in (drawing.findtext("desc") or "")
    mark = drawing.find(f"./g[@class='point {verdict}']/circle")
    zero = drawing.find("./line[@class='zero']")
    assert mark is not None
    assert zero is not None
    side = float(mark.get("cx", "")) - float(zero.get("x1", ""))
    assert (side > 0, side < 0) == (difference < 0, difference > 0)
