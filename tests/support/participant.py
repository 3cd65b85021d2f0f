"""A participant of a whole server: logged in, rules accepted, with a token."""

import re
from pathlib import Path

import httpx

from client.sdk import Minigiants
from tests.support.embedded_server import EmbeddedServer


def participant(server: EmbeddedServer, competition: str) -> Minigiants:
    """Start `server` unless it runs, and return the demo account's SDK, ready to hand in."""
    if server.process is None:
        server.start()
    (demo,) = (each for each in server.demo_accounts() if each["role"] == "participant")
    with httpx.Client(base_url=server.address, follow_redirects=True) as browser:
        _post(browser, "/accounts/login/", login=demo["email"], password=demo["password"])
        page = _post(
            browser,
            "/settings/tokens/",
            name=f"token {Path(server.home).name}",
            scopes=["read", "submit"],
            days="30",
        )
    secret = re.search(r"mg_[A-Za-z0-9_-]{20,}", page)
    if secret is None:
        raise RuntimeError("the settings page showed no token")
    sdk = Minigiants(server.address, secret[0])
    sdk.accept_rules(competition)
    return sdk


def _post(browser: httpx.Client, path: str, **fields: str | list[str]) -> str:
    browser.get(path).raise_for_status()
    token = browser.cookies["csrftoken"]
    data = {**fields, "csrfmiddlewaretoken": token}
    answer = browser.post(path, data=data, headers={"Referer": str(browser.base_url)})
    return answer.raise_for_status().text
