"""A host keeps a discussion civil, and all who take part see what was done."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from minigiants.competitions.models import Competition, Host
from tests.minigiants.web.browsing import Window, browser, log_in, session_of, window
from tests.support.factories import UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]

LIST = "/competitions/digits/discussion/"
TITLE = "How small can it be?"
RUDE = "Only fools would ask that."
REASON = "Insults are against the rules"
CONTROLS = ("Pin", "Unpin", "Lock", "Unlock", "Hide", "Show again", "Reports")


@pytest.fixture
def windows(site: str, chromium: Path, competition: Competition) -> Iterator[dict[str, Window]]:
    """A window for each: the author, somebody rude, a reader and the host."""
    people = {name: UserFactory(username=name) for name in ("ada", "grace", "linus", "hedy")}
    Host.objects.create(competition=competition, user=people["hedy"], role=Host.Role.OWNER)
    sessions = {name: session_of(user) for name, user in people.items()}
    with browser(chromium) as started, ExitStack() as open_ones:
        found = {name: open_ones.enter_context(window(started, site)) for name in sessions}
        for name, seen in found.items():
            log_in(seen.page.context, sessions[name], site)
        yield found


def post_by(page: Page, name: str) -> str:
    """What the post of `name` shows on the thread's page."""
    return page.get_by_role("article", name=f"Post by {name}").inner_text()


def open_thread(author: Window) -> None:
    author.visit("/competitions/digits/")
    author.page.get_by_role("link", name="Discussion").click()
    author.page.get_by_role("link", name="Open the first thread").click()
    author.page.get_by_label("Title").fill(TITLE)
    author.page.get_by_label("Text").fill("Is **one** weight enough?")
    author.page.get_by_role("button", name="Open the thread").click()
    expect(author.page.get_by_role("heading", name=TITLE)).to_be_visible()


def go_to_thread(seen: Window) -> None:
    seen.visit(LIST)
    seen.page.get_by_role("link", name=TITLE).click()
    expect(seen.page.get_by_role("heading", name=TITLE)).to_be_visible()


def report(reader: Window, name: str, reason: str) -> None:
    go_to_thread(reader)
    reader.page.get_by_role("link", name=f"Report the post by {name}").click()
    reader.page.get_by_label("Reason").fill(reason)
    reader.page.get_by_role("button", name="Report").click()
    expect(reader.page.get_by_text("The moderators will look at it")).to_be_visible()


def reported(page: Page, name: str) -> str:
    """What moderators read of the reports on posts of `name`."""
    return page.locator(".stack .stack", has=page.get_by_label(f"Post by {name}")).inner_text()


def judge(host: Window) -> None:
    """Hide the one post that was reported, and let the other stay."""
    page = host.page
    host.visit("/")
    page.get_by_role("link", name="Notices 2 new").click()
    page.get_by_role("button", name=f"A post in “{TITLE}” was reported").first.click()
    expect(page.get_by_role("heading", name="Reported posts")).to_be_visible()
    assert "Off topic" in reported(page, "ada")
    assert "It insults" in reported(page, "grace")

    rude = page.locator(".stack .stack", has=page.get_by_label("Post by grace"))
    rude.get_by_role("link", name="Hide the post").click()
    page.get_by_label("Reason").fill(REASON)
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_text("The post is hidden, and its author is told why")).to_be_visible()

    host.visit(LIST)
    page.get_by_role("link", name="Reports 1").click()
    page.get_by_role("button", name="Let it stay").click()
    expect(page.get_by_text("the post stays")).to_be_visible()
    expect(page.get_by_text("Nothing to look at")).to_be_visible()


def close(host: Window) -> None:
    """Pin and lock the thread."""
    go_to_thread(host)
    host.page.get_by_role("button", name="Pin").click()
    host.page.get_by_role("button", name="Lock").click()
    expect(host.page.get_by_role("button", name="Unpin")).to_be_visible()
    expect(host.page.get_by_role("button", name="Unlock")).to_be_visible()
    expect(host.page.get_by_role("button", name="Show again")).to_be_visible()


def controls(page: Page) -> list[str]:
    """Which of a moderator's controls are on the page."""
    offered = page.locator("main").locator("a, button").all_inner_texts()
    names = [" ".join(text.split()) for text in offered]
    return [name for name in names if name.startswith(CONTROLS)]


def test_from_the_report_to_the_lock(windows: dict[str, Window]) -> None:
    author, rude, reader, host = (windows[name] for name in ("ada", "grace", "linus", "hedy"))
    open_thread(author)
    go_to_thread(rude)
    rude.page.get_by_label("Your reply").fill(RUDE)
    rude.page.get_by_role("button", name="Reply").click()
    expect(rude.page.get_by_text(RUDE)).to_be_visible()
    report(reader, "grace", "It insults")
    report(reader, "ada", "Off topic")

    judge(host)
    close(host)
    assert controls(host.page) == ["Unpin", "Unlock", "Hide the post by ada", "Show again"]

    rude.visit("/")
    rude.page.get_by_role("link", name="Notices 1 new").click()
    expect(rude.page.get_by_text(f"The reason: {REASON}")).to_be_visible()
    rude.page.get_by_role("button", name=f"Your post in “{TITLE}” was hidden").click()
    go_to_thread(rude)
    assert f"Hidden by a moderator: {REASON}." in post_by(rude.page, "grace")

    for seen in (author, reader):
        go_to_thread(seen)
        text = post_by(seen.page, "grace")
        assert "Hidden by a moderator." in text
        assert RUDE not in text
        assert "Is one weight enough?" in post_by(seen.page, "ada")
    for seen in (author, rude, reader):
        expect(seen.page.get_by_text("This thread takes no more replies")).to_be_visible()
        assert seen.page.get_by_role("button", name="Reply").count() == 0
        assert controls(seen.page) == []
        seen.visit(LIST)
        row = seen.page.get_by_role("row", name=TITLE)
        expect(row).to_contain_text("Pinned")
        expect(row).to_contain_text("Locked")
        assert controls(seen.page) == []

    assert [fault for seen in windows.values() for fault in seen.faults] == []
    reader.visit(f"{LIST}reports/")
    assert reader.page.get_by_role("heading", name="Reported posts").count() == 0
