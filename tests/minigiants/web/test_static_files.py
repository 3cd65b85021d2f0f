"""The files beside the pages: complete, light, and in accord with each other."""

import re
from pathlib import Path

from django.contrib.staticfiles import finders
from django.test import Client

from minigiants import web

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
