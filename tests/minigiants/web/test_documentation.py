"""docs/*.md as pages: all of them reachable, every link of theirs good."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

DOCS = Path(__file__).resolve().parents[3] / "docs"
NAMES = sorted({path.stem for path in DOCS.glob("*.md")})
ANCHOR = re.compile(r'id="([^"]+)"')


@pytest.mark.parametrize("name", NAMES)
def test_each_page_is_there_and_leads_only_to_what_is_there(client: Client, name: str) -> None:
    text = client.get(f"/docs/{name}").text
    assert text.count("<h1") == 1
    body = text.split('class="prose documentation"')[1]
    for target in re.findall(r'href="([^"]*)"', body.split("</main>")[0]):
        target = unescape(target)
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        answer = client.get(path) if path else None
        page = answer.text if answer is not None else text
        assert answer is None or answer.status_code == 200, target
        assert not anchor or anchor in ANCHOR.findall(page), target


def test_the_index_leads_to_every_page(client: Client) -> None:
    text = client.get("/docs/").text.split("<main")[1].split("</main>")[0]
    for name in NAMES:
        assert text.count(f'href="/docs/{name}"') == 2, name  # in the navigation, and beside it


def test_every_page_is_in_the_navigation(client: Client) -> None:
    text = client.get("/docs/errors").text
    for name in NAMES:
        assert text.count(f'href="/docs/{name}"') >= 1, name


@pytest.mark.django_db  # a page that says so gives the connections back
@pytest.mark.parametrize("name", ["nothing", "../README", "README", "api.md", "%2e%2e/README"])
def test_nothing_else_is_served(client: Client, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404
