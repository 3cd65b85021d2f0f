"""Handing in with a real browser, from the files to the score on the page."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from minigiants.accounts.models import User
from minigiants.artifacts.models import Artifact, UploadSession
from minigiants.submissions.models import Submission
from minigiants.teams.models import Team
from tests.minigiants.web.browsing import browser, meanwhile, session_of, window
from tests.minigiants.web.handing_in import MODEL, PART_BYTES, PARTS, UPLOADS, open_page, pick
from tests.support.factories import TeamFactory
from tests.support.pipeline import Pipeline, runnable_competition

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]


PROBLEM = '{"title": "Not this part", "detail": "A test.", "code": "part_checksum_mismatch"}'


@pytest.fixture
def team(transactional_db: None, person: User) -> Team:
    return TeamFactory(competition=runnable_competition(slug="digits"), user=person)


def test_from_the_folder_to_the_score(site: str, chromium: Path, person: User, team: Team) -> None:
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        pick(page, MODEL)
        expect(page.get_by_role("heading", name="It enters “≤ 1k parameters”")).to_be_visible()
        expect(page.locator("#verdict")).to_contain_text("650 of 1,000")
        page.reload()  # the verdict has an address
        page.get_by_label("Message").fill("from a browser")
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_role("heading", name="Submission #1")).to_be_visible()
        expect(page.locator("#live")).to_have_attribute("data-status", "queued")

        submission = meanwhile(Submission.objects.get)
        assert submission.message == "from a browser"
        pipeline = meanwhile(Pipeline.start)
        page.evaluate("window.neverReloaded = true")
        job = meanwhile(lambda: pipeline.claim_predict(submission.evaluations.get()))
        expect(page.locator("#live")).to_have_attribute("data-status", "predicting")
        meanwhile(lambda: pipeline.report_predictions(job))
        expect(page.locator("#live")).to_have_attribute("data-status", "scoring")
        expect(page.get_by_text("hello from the smoke run")).to_be_visible()
        last = meanwhile(lambda: pipeline.claim_score(submission.evaluations.get()))
        meanwhile(lambda: pipeline.report_scores(last, public=0.9633))
        expect(page.get_by_text("0.9633").first).to_be_visible()
        expect(page.locator("[data-announcer]")).to_have_text("Scored")
        assert page.evaluate("window.neverReloaded")
        assert "SECRET" not in page.content()

        seen.visit("/competitions/digits/leaderboard/")
        expect(page.locator("tr.mine")).to_contain_text("0.9633")
        assert seen.faults == []


def test_a_lost_connection_costs_no_part(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    large = tmp_path / "weights.bin"
    large.write_bytes(b"\1" * (2 * PART_BYTES + 5))
    attempts: list[str] = []

    def unreliable(route: Route) -> None:
        attempts.append(route.request.url.rsplit("/", 1)[1])
        if attempts.count(attempts[-1]) == 1:
            route.abort("connectionreset")
        else:
            route.continue_()

    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        page.route(PARTS, unreliable)
        pick(page, large)
        expect(page.get_by_role("heading", name="Inspection refuses this model")).to_be_visible()
        expect(page.locator("#verdict")).to_contain_text("How to mend it")
    assert sorted(attempts) == ["0", "0", "1", "1", "2", "2"]
    assert meanwhile(Artifact.objects.get).size == large.stat().st_size
    assert not meanwhile(Submission.objects.exists)


def test_a_pause_stops_what_is_on_its_way_and_loses_nothing(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    large = tmp_path / "weights.bin"
    large.write_bytes(b"\2" * (PART_BYTES + 5))
    held: list[Route] = []
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        page.route(PARTS, lambda route: held.append(route))
        with page.expect_request(PARTS), page.expect_event("requestfailed"):
            pick(page, large)
            expect(page.get_by_text("weights.bin")).to_be_visible()
            page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Paused. What has arrived stays there")).to_be_visible()
        page.unroute(PARTS)
        assert not meanwhile(Artifact.objects.exists)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Inspection refuses this model")).to_be_visible()
    assert meanwhile(Artifact.objects.get).size == large.stat().st_size


def test_a_paused_upload_can_be_cancelled(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    large = tmp_path / "weights.bin"
    large.write_bytes(b"\4" * PART_BYTES)
    held: list[Route] = []
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        page.route(PARTS, lambda route: held.append(route))
        with page.expect_request(PARTS):
            pick(page, large)
        page.get_by_role("button", name="Pause").click()
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as gone:
            page.get_by_role("button", name="Cancel").click()
        assert gone.value.status == 204
        expect(page.get_by_text("Drop the model's folder, its files or a ZIP here")).to_be_visible()
    assert meanwhile(UploadSession.objects.get).status == UploadSession.Status.EXPIRED


def test_picking_the_files_again_goes_on_where_it_stopped(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    large = tmp_path / "weights.bin"
    large.write_bytes(b"\2" * (2 * PART_BYTES))
    sent: list[str] = []

    def only_the_first(route: Route) -> None:
        number = route.request.url.rsplit("/", 1)[1]
        if number == "0":
            route.continue_()
        else:
            route.fulfill(status=422, content_type="application/problem+json", body=PROBLEM)

    def record(route: Route) -> None:
        sent.append(route.request.url.rsplit("/", 1)[1])
        route.continue_()

    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        page.route(PARTS, only_the_first)
        pick(page, large)
        expect(page.get_by_role("alert")).to_contain_text("Not this part")
        page.unroute(PARTS)
        page.route(PARTS, record)
        page.reload()
        pick(page, large)
        expect(page.get_by_role("heading", name="Inspection refuses this model")).to_be_visible()
    assert "1" in sent
    assert meanwhile(UploadSession.objects.count) == 1


HOLD_HASHES = """() => {
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  crypto.subtle.digest = async (...given) => {
    document.documentElement.dataset.hashing = "";
    await new Promise((done) => document.addEventListener("go-on", done, { once: true }));
    return digest(...given);
  };
}"""


def cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel").click()


def cancel_while_a_part_is_sent(page: Page, large: Path) -> None:
    with page.expect_request(PARTS):
        page.route(PARTS, lambda _: None)  # never answered
        pick(page, large)
    cancel(page)


def cancel_while_the_upload_is_opened(page: Page, large: Path) -> None:
    held: list[Route] = []
    page.route(UPLOADS, lambda route: held.append(route))  # playwright marks what it is given
    with page.expect_request(UPLOADS):
        pick(page, large)
    cancel(page)
    held[0].continue_()


def cancel_while_a_part_is_hashed(page: Page, large: Path) -> None:
    page.evaluate(HOLD_HASHES)
    pick(page, large)
    expect(page.locator("html[data-hashing]")).to_be_attached()
    cancel(page)
    page.evaluate('document.dispatchEvent(new Event("go-on"))')


@pytest.mark.parametrize(
    "pick_and_cancel",
    [
        cancel_while_a_part_is_sent,
        cancel_while_the_upload_is_opened,
        cancel_while_a_part_is_hashed,
    ],
)
def test_cancelling_leaves_nothing(
    site: str,
    chromium: Path,
    person: User,
    team: Team,
    tmp_path: Path,
    pick_and_cancel: Callable[[Page, Path], None],
) -> None:
    large = tmp_path / "weights.bin"
    large.write_bytes(b"\3" * PART_BYTES)
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        with page.expect_response(lambda answer: answer.request.method == "DELETE") as gone:
            pick_and_cancel(page, large)
        assert gone.value.status == 204
        expect(page.get_by_text("Drop the model's folder, its files or a ZIP here")).to_be_visible()
    assert meanwhile(UploadSession.objects.get).status == UploadSession.Status.EXPIRED
    assert not meanwhile(Artifact.objects.exists)


def test_what_is_too_large_is_not_even_sent(
    site: str, chromium: Path, person: User, team: Team, tmp_path: Path
) -> None:
    huge = tmp_path / "weights.bin"
    with huge.open("wb") as stream:
        stream.truncate(33 * 1024 * 1024)
    session = session_of(person)
    with browser(chromium) as started, window(started, site) as seen:
        page = open_page(seen, session)
        pick(page, huge)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("33 MiB; 32 MiB are allowed")
        expect(alert.get_by_role("link", name="upload_too_large")).to_be_visible()
        assert seen.faults == []
    assert not meanwhile(UploadSession.objects.exists)
