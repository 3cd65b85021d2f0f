"""Every page in a real browser, wide and narrow, light and dark, without a fault."""

from pathlib import Path

import pytest
from django.test import Client

from minigiants.accounts.models import User
from minigiants.accounts.services import token_create
from minigiants.competitions.models import Competition
from minigiants.competitions.selectors import current_version
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission, Trial
from minigiants.teams.models import Team
from tests.minigiants.web.board_rows import standing
from tests.minigiants.web.browsing import Window, browser, log_in, session_of, window
from tests.minigiants.web.finished import finish
from tests.minigiants.web.scenes import (
    LONG_NAME,
    RICH_TEXT,
    around_the_team,
    second_factor_add,
    trial_of,
    what_was_said,
)
from tests.support.factories import PASSWORD, ArtifactFactory, SubmissionFactory, UserFactory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]

PUBLIC = [
    "/",
    "/competitions/",
    "/competitions/digits/",
    "/competitions/digits/data/",
    "/competitions/digits/data/train.csv",
    "/competitions/digits/rules/",
    "/competitions/digits/leaderboard/",
    "/competitions/digits/records/",
    "/competitions/digits/leaderboard/pareto/",
    "/competitions/digits/leaderboard/history/",
    "/competitions/digits/leaderboard/late/",
    "/competitions/digits/submit/",
    "/docs/",
    "/docs/errors",
    "/docs/quickstart",
    "/docs/api",
    "/docs/tasks",
    "/competitions/?q=nothing-like-this",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/nonsense/",
]
OWN = [
    "/competitions/digits/rules/",
    "/competitions/digits/leaderboard/",
    "/competitions/digits/submissions/",
    "/competitions/digits/submit/",
    "/hosting/",
    "/competitions/digits/manage/",
    "/competitions/digits/manage/submissions/",
    "/competitions/digits/manage/teams/",
    "/competitions/digits/manage/settings/",
    "/competitions/digits/manage/pages/overview/",
    "/competitions/digits/manage/pages/",
    "/competitions/digits/manage/pages/faq/",
    "/competitions/digits/pages/faq/",
    "/competitions/digits/manage/statistics/",
    "/competitions/digits/manage/audit/",
    "/settings/",
    "/people/ada/",
    "/settings/profile/",
    "/settings/sessions/",
    "/settings/close/",
    "/settings/tokens/",
    "/settings/webhooks/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
]
PROTECTED = [
    "/accounts/2fa/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/reauthenticate/",
]


@pytest.fixture
def own_pages(competition: Competition, team: Team, person: User) -> list[str]:
    """The addresses of `person`'s pages, with something on each."""
    for number, name in enumerate(["softmax", LONG_NAME, "<b>bold</b>", team.name]):
        standing(competition, name, 0.9 - number / 100, is_baseline=number == 0)
    version = current_version(competition)
    version.pages["faq"] = f"# {LONG_NAME}\n\n{RICH_TEXT}"
    version.save()
    people = [*around_the_team(team, person), *what_was_said(competition, person)]
    token_create(user=person, name=LONG_NAME, scopes=["read", "submit"], days=30)
    found: list[Submission] = []
    for status in (Status.QUEUED, Status.SCORED, Status.FAILED, Status.CANCELLED):
        item = SubmissionFactory(artifact=ArtifactFactory(team=team), message=LONG_NAME * 2)
        if status != Status.QUEUED:
            finish(item, status, host_detail=LONG_NAME, host_log=f"{LONG_NAME * 3}\n{RICH_TEXT}")
        found.append(item)
    verdict = f"/competitions/digits/submit/?artifact={ArtifactFactory(team=team).pk}"
    ways = ("/submissions", "/competitions/digits/manage/submissions")
    of_submissions = [f"{way}/{item.pk}/" for way in reversed(ways) for item in found]
    trials = [
        f"/competitions/digits/manage/trials/{trial_of(competition, person, state).pk}/"
        for state in (Trial.State.REFUSED, Trial.State.RUNNING)
    ]
    return [*OWN, *people, *trials, verdict, *of_submissions]


def look(visitor: Window, path: str) -> list[str]:
    visitor.faults.clear()
    visitor.visit(path)
    faults = [*visitor.faults, *visitor.violations()]
    if visitor.scrolls_sideways():
        faults.append("scrolls sideways")
    return [f"{path}: {fault}" for fault in faults]


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_sound(
    site: str, chromium: Path, own_pages: list[str], person: User, width: int
) -> None:
    session = session_of(person)
    with browser(chromium) as started, window(started, site, width=width) as seen:
        faults = [fault for path in PUBLIC for fault in look(seen, path)]
        log_in(seen.page.context, session, site)
        faults += [fault for path in own_pages for fault in look(seen, path)]
    assert faults == []


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_of_two_factor_log_in_is_sound(
    site: str, chromium: Path, person: User, width: int
) -> None:
    protected = UserFactory(username="grace")
    second_factor_add(protected)
    entering = Client()
    entering.post("/accounts/login/", {"login": "grace", "password": PASSWORD})
    seen_with = {
        session_of(person, confirmed=True): ["/accounts/2fa/totp/activate/"],
        session_of(protected, confirmed=True): PROTECTED,
        entering.cookies["sessionid"].value: ["/accounts/2fa/authenticate/"],
    }
    faults = []
    with browser(chromium) as started:
        for session, paths in seen_with.items():
            with window(started, site, width=width) as seen:
                log_in(seen.page.context, session, site)
                for path in paths:
                    faults += look(seen, path)
                    assert seen.page.url == site + path
    assert faults == []


def test_the_scheme_can_be_chosen_and_stays(
    site: str, chromium: Path, competition: Competition
) -> None:
    with browser(chromium) as started, window(started, site) as seen:
        background = "getComputedStyle(document.body).backgroundColor"
        seen.visit("/")
        light = seen.page.evaluate(background)
        switch = seen.page.get_by_role("button", name="Colours")
        switch.click()
        assert seen.page.evaluate(background) == light
        switch.click()
        dark = seen.page.evaluate(background)
        assert dark != light
        seen.visit("/competitions/")
        assert seen.page.evaluate(background) == dark


def test_pages_can_be_read_without_javascript(
    site: str, chromium: Path, own_pages: list[str], person: User
) -> None:
    session = session_of(person)
    with browser(chromium) as started:
        context = started.new_context(java_script_enabled=False)
        log_in(context, session, site)
        page = context.new_page()
        page.goto(f"{site}/competitions/digits/submit/")
        assert page.get_by_text("Uploading here needs JavaScript").is_visible()
        page.goto(site + own_pages[-4])
        assert page.get_by_text("Position 1").is_visible()
        page.get_by_role("link", name="Reload").click()
        page.get_by_role("button", name="Cancel").click()
        assert page.get_by_text("The submission is cancelled").is_visible()


def test_a_long_board_grows_in_place(site: str, chromium: Path, competition: Competition) -> None:
    for number in range(60):
        standing(competition, f"team {number:02}", 0.9 - number / 1000)
    with browser(chromium) as started, window(started, site) as seen:
        seen.visit("/competitions/digits/leaderboard/")
        assert seen.page.get_by_role("rowheader").count() == 50
        seen.page.get_by_role("link", name="Show more").click()
        seen.page.get_by_role("rowheader", name="team 59").wait_for()
        assert seen.page.get_by_role("rowheader").count() == 60
        assert seen.faults == []


def test_a_page_is_previewed_while_it_is_written(
    site: str, chromium: Path, own_pages: list[str], person: User
) -> None:
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        log_in(seen.page.context, session, site)
        seen.visit("/competitions/digits/manage/pages/overview/")
        seen.page.get_by_label("Markdown").fill("# Now\n\nIt is **bold**.")
        seen.page.locator("#preview strong").wait_for()
        assert seen.page.locator("#preview").inner_text().split() == ["Now", "It", "is", "bold."]
        assert seen.faults == []


def test_a_command_can_be_copied(site: str, chromium: Path, competition: Competition) -> None:
    with browser(chromium) as started, window(started, site) as seen:
        seen.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        seen.visit("/competitions/digits/data/")
        seen.page.get_by_role("button", name="Copy").click()
        seen.page.get_by_text("Copied").wait_for(state="attached")
        copied = seen.page.evaluate("navigator.clipboard.readText()")
        assert copied == "minigiants data digits"
