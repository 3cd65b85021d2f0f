"""People of a whole server: logged in, with a token, as participants with the rules accepted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from client.sdk import Minigiants
from tests.support.embedded_server import EmbeddedServer


def participant(server: EmbeddedServer, competition: str) -> Minigiants:
    """Start `server` unless it runs, and return the demo account's SDK, ready to hand in."""
    if server.process is None:
        server.start()
    with logged_in(server, "participant") as browser:
        sdk = Minigiants(server.address, token_of(server, browser, "read", "submit"))
    sdk.accept_rules(competition)
    return sdk


@contextmanager
def logged_in(server: EmbeddedServer, role: str) -> Iterator[httpx.Client]:
    """A browser in which the demo account of `role` is logged in."""
    (demo,) = (each for each in server.demo_accounts() if each["role"] == role)
    with httpx.Client(base_url=server.address, follow_redirects=True, timeout=30) as browser:
        _post(browser, "/accounts/login/", login=demo["email"], password=demo["password"])
        yield browser


def token_of(server: EmbeddedServer, browser: httpx.Client, *scopes: str) -> str:
    """A new token of whoever is logged in, made on the settings page."""
    page = _post(
        browser,
        "/settings/tokens/",
        name=f"token {Path(server.home).name}",
        scopes=list(scopes),
        days="30",
    )
    secret = re.search(r"mg_[A-Za-z0-9_-]{20,}", page)
    if secret is None:
        raise RuntimeError("the settings page showed no token")
    return secret[0]


def _post(browser: httpx.Client, path: str, **fields: str | list[str]) -> str:
    browser.get(path).raise_for_status()
    token = browser.cookies["csrftoken"]
    data = {**fields, "csrfmiddlewaretoken": token}
    answer = browser.post(path, data=data, headers={"Referer": str(browser.base_url)})
    return answer.raise_for_status().text
