"""What scripts add: values at the pointer and at the keys, a closer look, search in logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from minigiants.accounts.models import User
from minigiants.competitions.models import Competition
from minigiants.submissions.lifecycle import Status
from minigiants.teams.models import Team
from tests.minigiants.web.board_rows import standing
from tests.minigiants.web.browsing import Window, browser, log_in, session_of, window
from tests.minigiants.web.finished import finish
from tests.support.factories import ArtifactFactory, SubmissionFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]
PARETO = "/competitions/digits/leaderboard/pareto/"


@pytest.fixture
def seen(site: str, chromium: Path, competition: Competition) -> Iterator[Window]:
    """The Pareto page of three models, each cheaper and worse than the one before."""
    for number, name in enumerate(["alpha", "beta", "gamma"]):
        standing(competition, name, 0.9 - number / 10, parameters=900 - 100 * number)
    with browser(chromium) as started, window(started, site) as found:
        found.visit(PARETO)
        yield found
        assert found.faults == []


def test_the_pointer_tells_what_stands_near_it(seen: Window) -> None:
    tip = seen.page.locator(".charttip")
    expect(tip).to_be_hidden()
    seen.page.locator(".chart .point").first.hover()
    expect(tip).to_be_visible()
    expect(tip).to_have_text("gamma: 0.7000, 700, front")
    seen.page.get_by_role("heading", level=1).hover()
    expect(tip).to_be_hidden()


def test_the_arrow_keys_go_from_point_to_point(seen: Window) -> None:
    tip = seen.page.locator(".charttip")
    seen.page.get_by_label("Chart", exact=True).focus()
    told = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        seen.page.keyboard.press(key)
        told.append(tip.inner_text().partition(":")[0])
    assert told == ["alpha", "beta", "gamma", "gamma", "beta"]
    seen.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_closer_look_keeps_the_axes_in_sight(seen: Window) -> None:
    chart = seen.page.locator(".figure > .chart")
    whole = chart.get_attribute("viewBox")
    out = seen.page.get_by_role("button", name="Zoom out")
    expect(out).to_be_disabled()
    size = "mark => mark.getBoundingClientRect().width"
    mark = chart.locator(".point .mark").first
    before = mark.evaluate(size)
    for _ in range(3):
        seen.page.get_by_role("button", name="Zoom in").click()
    assert chart.get_attribute("viewBox") != whole
    assert mark.evaluate(size) == pytest.approx(before, rel=0.05)
    box = chart.bounding_box()
    assert box is not None
    title = chart.locator(".axistitle").first.bounding_box()
    assert title is not None
    assert box["y"] <= title["y"] <= box["y"] + box["height"]
    seen.page.get_by_role("button", name="Show the whole chart").click()
    assert chart.get_attribute("viewBox") == whole
    expect(out).to_be_disabled()


def test_a_log_can_be_searched(site: str, chromium: Path, team: Team, person: User) -> None:
    item = SubmissionFactory(artifact=ArtifactFactory(team=team))
    finish(item, Status.SCORED, smoke_log="Loading\nbatch 1\nbatch 2\nDone <b>")
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as found:
        log_in(found.page.context, session, site)
        found.visit(f"/submissions/{item.pk}/")
        log = found.page.locator("pre.log")
        search = found.page.get_by_label("Find lines with")
        search.fill("BATCH")
        expect(log).to_have_text("batch 1\nbatch 2")
        expect(found.page.get_by_text("2 of 4 lines")).to_be_visible()
        search.fill("<b")
        expect(log).to_have_text("Done <b>")
        search.fill("")
        expect(log).to_have_text("Loading\nbatch 1\nbatch 2\nDone <b>")
        assert found.faults == []
