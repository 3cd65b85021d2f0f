"""An organizer begins a competition, makes it their own, runs it, and needs nobody's help."""

import csv
import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from minigiants.competitions.models import Competition, Invitation
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from tests.minigiants.web.browsing import (
    Window,
    browser,
    log_in,
    meanwhile,
    session_of,
    window,
)
from tests.minigiants.web.finished import finish
from tests.support.archived_pack import made_founder
from tests.support.factories import ArtifactFactory, SubmissionFactory, TeamFactory, UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]
MANAGE = "/competitions/mine/manage/"
REASON = "Trained on the test set"


@pytest.fixture
def windows(site: str, chromium: Path) -> Iterator[tuple[Window, Window]]:
    """The organizer's window and that of somebody who will take part."""
    sessions = [session_of(made_founder()), session_of(UserFactory(username="ada"))]
    with browser(chromium) as started, ExitStack() as open_ones:
        found = [open_ones.enter_context(window(started, site)) for _ in sessions]
        for seen, session in zip(found, sessions, strict=True):
            log_in(seen.page.context, session, site)
            seen.page.on("dialog", lambda dialog: dialog.accept())
        yield found[0], found[1]
        assert [fault for seen in found for fault in seen.faults] == []


def begin(host: Window) -> None:
    host.visit("/hosting/")
    host.page.get_by_label("Task").select_option("classification")
    host.page.get_by_label("Title").fill("Leaves")
    host.page.locator("#template-slug").fill("mine")
    host.page.get_by_role("button", name="Begin").click()
    expect(host.page.get_by_role("heading", name="Leaves")).to_be_visible()
    expect(host.page.get_by_text("Published · version 1")).to_be_visible()


def make_it_their_own(page: Page) -> None:
    manage = page.get_by_role("navigation", name="Manage")
    manage.get_by_role("link", name="Pages").click()
    page.get_by_label("Markdown").fill("# Leaves\n\nTell **oak** from ash.")
    expect(page.locator("#preview strong")).to_have_text("oak")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Published · version 2")).to_be_visible()

    manage.get_by_role("link", name="Settings").click()
    page.get_by_label("Tagline").fill("Oak or ash?")
    page.get_by_label("Who may see it").select_option("public")
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.get_by_text("Published · version 3")).to_be_visible()


def invite(page: Page) -> None:
    page.get_by_role("link", name="People and pack").click()
    page.get_by_label("E-mail address").fill("guest@example.org")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("rowheader", name="guest@example.org")).to_be_visible()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Role").select_option("viewer")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Remove ada")).to_be_visible()
    page.get_by_role("button", name="Remove ada").click()
    expect(page.get_by_role("button", name="Remove ada")).to_have_count(0)


def handed_in() -> Submission:
    """A scored submission of ada's team, as its evaluation leaves it."""
    from minigiants.accounts.models import User

    competition = Competition.objects.get()
    team = TeamFactory(competition=competition, user=User.objects.get(username="ada"), name="Oaks")
    item: Submission = SubmissionFactory(artifact=ArtifactFactory(team=team, division="small"))
    finish(item, Status.SCORED)
    return item


def rule(host: Window, participant: Window, submission: Submission) -> None:
    page = host.page
    host.visit(MANAGE)
    page.get_by_role("navigation", name="Manage").get_by_role("link", name="Submissions").click()
    page.get_by_label("Reason to disqualify #1 of Oaks").fill(REASON)
    page.get_by_role("button", name="Disqualify #1 of Oaks").click()
    expect(page.get_by_text(f"Disqualified: {REASON}")).to_be_visible()
    participant.visit(f"/submissions/{submission.pk}/")
    expect(participant.page.get_by_text(REASON)).to_be_visible()
    page.get_by_label("Reason to reinstate #1 of Oaks").fill("It was not theirs")
    page.get_by_role("button", name="Reinstate #1 of Oaks").click()
    expect(page.get_by_role("button", name="Disqualify #1 of Oaks")).to_be_visible()
    participant.page.reload()
    expect(participant.page.get_by_text(REASON)).to_have_count(0)


def read_figures(host: Window) -> None:
    page = host.page
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(saved.value.path()).read_text())))
    assert "Oaks" in {row["team"] for row in rows}
    page.get_by_role("link", name="Statistics").click()
    expect(page.get_by_role("img", name="Submissions a day")).to_be_visible()


def test_from_a_template_to_a_ruling(windows: tuple[Window, Window]) -> None:
    host, participant = windows
    begin(host)
    participant.page.goto(f"{participant.address}/competitions/")
    expect(participant.page.get_by_text("Leaves")).to_have_count(0)
    make_it_their_own(host.page)
    participant.visit("/competitions/mine/")
    expect(participant.page.get_by_text("Tell oak from ash.")).to_be_visible()
    expect(participant.page.get_by_text("Oak or ash?").first).to_be_visible()
    invite(host.page)
    assert meanwhile(Invitation.objects.get).email == "guest@example.org"

    rule(host, participant, meanwhile(handed_in))
    read_figures(host)

    host.visit(MANAGE)
    host.page.get_by_role("button", name="Freeze").click()
    expect(host.page.get_by_text("The boards stand still.")).to_be_visible()
    host.visit(f"{MANAGE}audit/")
    log = host.page.get_by_role("main").inner_text()
    for said in (
        REASON,
        "It was not theirs",
        "guest@example.org",
        "ada",
        "submission.reinstate",
        "boards.freeze",
    ):
        assert said in log
