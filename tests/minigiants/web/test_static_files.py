"""The files beside the pages: complete, light, and in accord with each other."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from minigiants import web
from tests.support.web_process import ROOT, WebProcess

STATIC = Path(web.__file__).parent / "static/web"
MAX_SCRIPT_BYTES = 150_000


def test_both_ways_to_dark_are_the_same_colours() -> None:
    css = (STATIC / "css/tokens.css").read_text()
    blocks = re.findall(r"color-scheme: dark;([^}]+)}", css)
    assert len(blocks) == 2
    by_system, by_choice = (re.findall(r"(--[a-z-]+): ([^;]+);", block) for block in blocks)
    assert by_system == by_choice
    light = css.split("@media")[0]
    assert {name for name, _ in by_system} <= set(re.findall(r"(--[a-z-]+):", light))


def test_components_use_no_colour_of_their_own() -> None:
    for sheet in (STATIC / "css").glob("*.css"):
        if sheet.name == "tokens.css":
            continue
        colours = re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(", sheet.read_text())
        # A QR code is read by machines, on white.
        assert colours in ([], ["#ffffff"]), sheet.name


def test_every_token_that_is_used_exists() -> None:
    tokens = (STATIC / "css/tokens.css").read_text()
    for sheet in (STATIC / "css").glob("*.css"):
        for name in set(re.findall(r"var\((--[a-z0-9-]+)", sheet.read_text())):
            assert f"{name}:" in tokens, f"{name} in {sheet.name}"


def test_all_scripts_together_are_light() -> None:
    scripts = {script: script.stat().st_size for script in STATIC.rglob("*.js")}
    # Loaded when an archive is picked, by no page.
    archives = STATIC / "vendor/zipjs/zip-core.min.js"
    assert scripts.pop(archives) < MAX_SCRIPT_BYTES
    assert sum(scripts.values()) < MAX_SCRIPT_BYTES


def test_no_page_loads_what_opens_archives() -> None:
    pages = (STATIC.parents[1] / "templates").rglob("*.html")
    named = [line for page in pages for line in page.read_text().splitlines() if "zipjs" in line]
    assert len(named) == 1
    assert "data-zip-library=" in named[0]


def test_pages_name_only_files_that_exist(client: Client) -> None:
    text = client.get("/docs/quickstart").text
    named = set(re.findall(r'(?:href|src)="/static/([^"]+)"', text))
    assert len(named) > 10
    assert [name for name in named if finders.find(name) is None] == []


def test_what_others_wrote_bears_its_licence() -> None:
    for folder in (STATIC / "fonts", STATIC / "vendor/htmx", STATIC / "vendor/zipjs"):
        assert list(folder.glob("*LICENSE.txt"))
    listed = (STATIC / "vendor/README.md").read_text()
    assert "htmx.org" in listed
    assert "OFL" in listed


@pytest.fixture
def collected(
    transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of a server with its files collected, as installations have them."""
    monkeypatch.setenv("MINIGIANTS_STATIC", str(tmp_path))
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "collectstatic", "--no-input", "--verbosity=0"], check=True)
    with WebProcess() as server:
        yield server.url


def scripts_of(page: str) -> set[str]:
    return set(re.findall(r'src="(/static/[^"]+\.js)"', httpx.get(page).text))


def test_scripts_come_compressed_unchanged_and_are_kept_for_good(collected: str) -> None:
    scripts = scripts_of(f"{collected}/docs/quickstart")
    assert len(scripts) == 3
    for script in scripts:
        plain = httpx.get(collected + script, headers={"Accept-Encoding": "identity"})
        small = httpx.get(collected + script, headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in plain.headers
        assert small.headers["Content-Encoding"] == "gzip"
        assert int(small.headers["Content-Length"]) < len(plain.content)
        assert small.content == plain.content
        for answer in (plain, small):
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert "immutable" in answer.headers["Cache-Control"]
    (htmx,) = (script for script in scripts if "htmx" in script)
    assert httpx.get(collected + htmx).content == (STATIC / "vendor/htmx/htmx.min.js").read_bytes()


def test_what_scripts_import_and_sheets_show_is_named_by_its_content(collected: str) -> None:
    page = httpx.get(f"{collected}/docs/quickstart").text
    waiting = set(re.findall(r'"(/static/web/(?:js|css)/[^"]+)"', page))
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = httpx.get(collected + path)
        assert answer.status_code == 200, path
        assert "immutable" in answer.headers["Cache-Control"], path
        if not path.endswith((".js", ".css")):
            continue
        named = re.findall(r'(?:\bfrom |\burl\()"([^"]+)"', answer.text)
        waiting |= {urljoin(path, name) for name in named} - seen
    assert any("/web/js/times." in path for path in seen)
    assert any("/web/fonts/inter-latin-wght" in path for path in seen)
