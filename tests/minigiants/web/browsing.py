"""A browser window that keeps a record of everything that goes wrong in it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from minigiants.accounts.models import User
from tests.support.factories import PASSWORD

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE = (Path(__file__).resolve().parents[2] / "vendor/axe-core/axe.min.js").read_text()
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NEXT_FRAME = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
SERIOUS = {"serious", "critical"}

T = TypeVar("T")

expect.set_options(timeout=20_000)  # a busy machine hashes and sends 8 MiB slowly


@contextmanager
def browser(executable: Path) -> Iterator[Browser]:
    """A Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield started
        finally:
            started.close()


@dataclass
class Window:
    """A page of a browser, and what went wrong in it since `faults` was last emptied."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on(
            "console",
            lambda said: (
                self.faults.append(f"console: {said.text}")
                if said.type in {"error", "warning"}
                else None
            ),
        )
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        # The browser itself gives up what a page that is left, or a download, needs no more.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.url} {request.failure}")

    def visit(self, path: str) -> None:
        """Go to `path` and wait until everything has loaded."""
        self.page.goto(self.address + path, wait_until="load")

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        wanted, given = self.page.evaluate(widths)
        return bool(wanted > given)

    def violations(self) -> list[str]:
        """What axe finds serious or critical in the light, and of contrast in the dark."""
        self.page.evaluate(AXE)
        found = self._run_axe(WCAG)
        self.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        self.page.evaluate(NEXT_FRAME)
        found += [f"dark: {fault}" for fault in self._run_axe(["color-contrast"])]
        return found

    def _run_axe(self, rules: list[str]) -> list[str]:
        found: dict[str, Any] = self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", rules
        )
        return [
            f"{violation['id']}: {node['html']}"
            for violation in found["violations"]
            if violation["impact"] in SERIOUS
            for node in violation["nodes"]
        ]


@contextmanager
def window(started: Browser, address: str, *, width: int = 1440) -> Iterator[Window]:
    """A fresh window with its own cookies, `width` pixels wide."""
    context = started.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="light",
        reduced_motion="reduce",
    )
    try:
        yield Window(context.new_page(), address)
    finally:
        context.close()


def session_of(user: User, *, confirmed: bool = False) -> str:
    """A new session of `user`. Make it before the browser starts: then Django is still free.

    `confirmed`: with the password `PASSWORD` entered once more, as pages of second factors ask.
    """
    client = Client()
    client.force_login(user)
    if confirmed:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client.cookies["sessionid"].value


def log_in(context: BrowserContext, session: str, address: str) -> None:
    """Let the browser go on with a session."""
    context.add_cookies([{"name": "sessionid", "value": session, "url": address}])


def meanwhile(call: Callable[[], T]) -> T:
    """Use the database while the browser is open: its event loop keeps this thread from it."""

    def closing() -> T:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result()
