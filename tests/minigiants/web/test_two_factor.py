"""Two-factor log-in in a browser: turned on, used, recovered from and turned off."""

import base64
import hmac
import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django import Settings

from minigiants.accounts.models import User
from tests.minigiants.web.browsing import Window, browser, meanwhile, window
from tests.minigiants.web.scenes import second_factor_add
from tests.support.factories import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    # WhiteNoise hands files to ASGI as synchronous iterators; Django reads them, and says so.
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators"),
]

PERIOD_SECONDS = 30


def totp(key: str, *, periods_ahead: int = 0) -> str:
    """The code of six digits that an app shows for `key` (RFC 6238 with SHA-1)."""
    counter = int(time.time()) // PERIOD_SECONDS + periods_ahead
    digest = hmac.digest(base64.b32decode(key), counter.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


def wrong(code: str) -> str:
    """Another code than `code`, and hardly ever one of the periods around it."""
    return f"{(int(code) + 500_000) % 1_000_000:06}"


@pytest.fixture(autouse=True)
def patient(settings: Settings) -> None:
    """Take a code also in the period after its own, so that no test fails at a period's end."""
    settings.MFA_TOTP_TOLERANCE = 1


def confirm(page: Page) -> None:
    """Enter the password once more."""
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def enter_password(seen: Window) -> None:
    seen.visit("/accounts/login/")
    seen.page.get_by_label("User name or e-mail address").fill("ada")
    seen.page.get_by_label("Password").fill(PASSWORD)
    seen.page.get_by_role("main").get_by_role("button", name="Log in").click()


def enter_code(page: Page, code: str) -> None:
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Log in").click()


def log_out(seen: Window) -> None:
    seen.visit("/accounts/logout/")
    seen.page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(seen.page.get_by_role("banner").get_by_role("link", name="Log in")).to_be_visible()


def expect_logged_in(page: Page) -> None:
    expect(page.get_by_role("banner").get_by_text("ada")).to_be_visible()


def turn_on(seen: Window) -> tuple[str, list[str]]:
    """Activate the app, once with a wrong code. Returns the app's key and the recovery codes."""
    page = seen.page
    seen.visit("/settings/")
    page.get_by_role("link", name="Two-factor log-in").click()
    page.get_by_role("link", name="Turn it on").click()
    confirm(page)
    key = page.locator(".command code").inner_text()
    page.get_by_label("Authenticator code").fill(wrong(totp(key)))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    assert page.locator(".command code").inner_text() == key
    assert seen.violations() == []
    page.get_by_label("Authenticator code").fill(totp(key))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("Two-factor log-in is on")).to_be_visible()
    expect(page.get_by_text("10 of 10 left")).to_be_visible()
    return key, page.locator(".command code").inner_text().split()


def test_the_whole_round(site: str, chromium: Path, person: User) -> None:
    with browser(chromium) as started, window(started, site) as seen:
        page = seen.page
        enter_password(seen)
        expect_logged_in(page)
        key, codes = turn_on(seen)
        assert len(set(codes)) == 10

        log_out(seen)
        enter_password(seen)
        enter_code(page, wrong(totp(key)))
        expect(page.get_by_text("Incorrect code")).to_be_visible()
        assert seen.violations() == []
        seen.visit("/settings/")  # still the code is asked for
        enter_code(page, totp(key))
        expect_logged_in(page)

        log_out(seen)
        enter_password(seen)
        enter_code(page, codes[0])
        expect_logged_in(page)
        log_out(seen)
        enter_password(seen)
        enter_code(page, codes[0])
        expect(page.get_by_text("Incorrect code")).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        enter_password(seen)
        enter_code(page, codes[1])
        expect_logged_in(page)

        seen.visit("/accounts/2fa/")
        expect(page.get_by_text("8 of 10 left")).to_be_visible()
        page.get_by_role("link", name="Make new ones").click()
        confirm(page)
        expect(page.get_by_text("The 8 codes that you have left stop working.")).to_be_visible()
        page.get_by_role("button", name="Make new ones").click()
        expect(page.get_by_text("10 of 10 left")).to_be_visible()
        assert not set(codes) & set(page.locator(".command code").inner_text().split())

        seen.visit("/accounts/2fa/")
        page.get_by_role("link", name="Turn it off").click()
        page.get_by_role("button", name="Turn it off").click()
        expect(page.get_by_text("Two-factor log-in is off")).to_be_visible()
        assert not meanwhile(Authenticator.objects.exists)
        log_out(seen)
        enter_password(seen)
        expect_logged_in(page)
        assert seen.faults == []


def test_a_code_confirms_as_the_password_does(site: str, chromium: Path, person: User) -> None:
    with browser(chromium) as started, window(started, site) as seen:
        page = seen.page
        enter_password(seen)
        key, _ = turn_on(seen)
        log_out(seen)
        enter_password(seen)
        enter_code(page, totp(key))
        seen.visit("/accounts/2fa/recovery-codes/")
        page.get_by_role("link", name="Use authenticator app or code").click()
        page.get_by_label("Code").fill(totp(key, periods_ahead=1))
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        with page.expect_download() as saved:
            page.get_by_role("link", name="Download").click()
        shown = page.locator(".command code").inner_text().split()
        assert saved.value.path().read_text().split() == shown


@pytest.mark.parametrize(("is_on", "page"), [(False, "totp/activate/"), (True, "recovery-codes/")])
def test_what_shows_secrets_is_kept_by_no_browser(person: User, is_on: bool, page: str) -> None:
    if is_on:
        second_factor_add(person)
    client = Client()
    client.force_login(person)
    asked = client.get(f"/accounts/2fa/{page}")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    answer = client.post(asked["Location"], {"password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [(f"/accounts/2fa/{page}", 302)]
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
