"""A participant's whole way with a browser, from nothing to the final selection."""

import re
from pathlib import Path

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from minigiants.competitions.models import Competition
from minigiants.submissions.models import Submission
from tests.minigiants.web.browsing import Window, browser, meanwhile, window
from tests.support.factories import PASSWORD
from tests.support.pipeline import Pipeline, runnable_competition

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]

MODEL = Path(__file__).resolve().parents[3] / "competitions/digits/baselines/softmax-650/artifact"
TABS = {
    "Data": "train.csv",
    "Records": "Records",
    "Pareto": "Pareto",
    "Discussion": "Nobody has said anything yet",
    "Announcements": "Nothing is announced",
    "Leaderboard": "Leaderboard",
    "Rules": "Play fair",
}


@pytest.fixture
def competition(transactional_db: None) -> Competition:
    """A competition whose submissions can be run."""
    return runnable_competition(slug="digits")


def sign_up(seen: Window) -> None:
    """Make an account and confirm its address by the link that was mailed."""
    page = seen.page
    seen.visit("/")
    page.get_by_role("banner").get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_label("User name").fill("grace")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    assert [message.to for message in mail.outbox] == [["grace@example.org"]]
    link = re.search(rf"{seen.address}(/accounts/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link is not None
    seen.visit(link[1])
    expect(page.get_by_role("main")).to_contain_text("grace@example.org")
    page.get_by_role("button", name="Yes, confirm it").click()


def log_in(seen: Window) -> None:
    page = seen.page
    seen.visit("/accounts/login/")
    page.get_by_label("User name or e-mail address").fill("grace@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("banner").get_by_text("grace")).to_be_visible()


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Competition").get_by_role("link", name=name).click()


def find_and_read(page: Page) -> None:
    """Search for the competition and read all of its tabs; the last are the rules."""
    page.get_by_role("link", name="Competitions", exact=True).click()
    page.get_by_label("Search").fill("next to nothing")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Tiny digits").click()
    expect(page.get_by_role("heading", name="Tiny digits")).to_be_visible()
    for name, told in TABS.items():
        tab(page, name)
        expect(page.get_by_role("main")).to_contain_text(told)


def join(page: Page) -> None:
    """Be asked for the rules first, accept them and found a team."""
    tab(page, "Submit")
    expect(page.get_by_text("The rules come first")).to_be_visible()
    page.get_by_role("link", name="Read the rules").click()
    page.get_by_role("button", name="I accept the rules").click()
    tab(page, "Team")
    page.get_by_label("Name").fill("Giants")
    page.get_by_role("button", name="Found the team").click()
    expect(page.get_by_text("Giants is founded")).to_be_visible()


def hand_in(page: Page) -> None:
    """Upload a model from a folder, read the verdict and hand it in."""
    tab(page, "Submit")
    page.get_by_label("Choose a folder").last.set_input_files(MODEL)
    expect(page.get_by_role("heading", name="It enters “≤ 1k parameters”")).to_be_visible()
    page.get_by_label("Message").fill("my first")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_role("heading", name="Submission #1")).to_be_visible()
    expect(page.locator("#live")).to_have_attribute("data-status", "queued")


def test_from_nothing_to_the_final_selection(
    site: str, chromium: Path, competition: Competition
) -> None:
    with browser(chromium) as started, window(started, site) as seen:
        page = seen.page
        sign_up(seen)
        log_in(seen)
        find_and_read(page)
        join(page)
        hand_in(page)

        meanwhile(lambda: Pipeline.start().run(Submission.objects.get(), public=0.9633))
        expect(page.locator("#live")).to_have_attribute("data-status", "scored")
        expect(page.get_by_text("hello from the smoke run")).to_be_visible()
        expect(page.locator(".tiles")).to_contain_text("0.9633")
        page.get_by_role("button", name="Select as final").click()
        expect(page.get_by_text("Final selection", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Take the final selection back")).to_be_visible()

        page.locator(".tiles").get_by_role("link", name="Leaderboard").click()
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Giants"))
        expect(row).to_contain_text("0.9633")
        tab(page, "Submissions")
        expect(page.get_by_role("link", name="#1 · my first")).to_be_visible()
        assert seen.faults == []

    selected = Submission.objects.get()
    assert selected.selected_at is not None
    assert selected.submitted_by.username == "grace"
    assert selected.team.name == "Giants"
