"""The documentation in `docs/`, as pages of the site."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.text import slugify

from minigiants.core.markdown import markdown_to_html
from minigiants.core.problems import NotFound
from minigiants.web.page_text import reachable

SECTIONS: Final = (
    (
        "Taking part",
        ("leaderboards", "teams", "community", "inspection", "cli", "api", "webhooks", "ci"),
    ),
    ("Running a competition", ("hosting", "packs", "tasks", "statistics", "language-modelling")),
    ("Running the platform", ("operations", "security", "architecture", "performance")),
)
"""What stands in the navigation, and in which order; pages that are not named come last."""
OTHERS: Final = "More"
FIRST_PAGE: Final = "quickstart"
"""It heads the navigation, beside the page of error codes, which the site makes itself."""
EXAMPLE_SERVER: Final = "http://127.0.0.1:8000"
"""The server of the documents' examples; the site shows its own address in its place."""

_NAME: Final = re.compile(r"^[a-z0-9-]+$")
_PICTURE: Final = re.compile(r"^!\[[^\]]*\]\([^)]*\)\s*$", re.MULTILINE)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)
_HEADING: Final = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_LINK: Final = re.compile(r'<a href="([^"]*)"([^>]*)>')
_ELSEWHERE: Final = re.compile(r"^(https?:|mailto:|/|#)")


@dataclass(frozen=True)
class Chapter:
    """A heading within a page."""

    anchor: str
    title: str


@dataclass(frozen=True)
class DocumentationPage:
    """A rendered page."""

    name: str
    title: str
    html: SafeString
    chapters: tuple[Chapter, ...]


@dataclass(frozen=True)
class Section:
    """Pages that belong together in the navigation."""

    title: str
    pages: tuple[tuple[str, str], ...]


def documentation_page(name: str) -> DocumentationPage:
    """The page called `name`. Raises NotFound."""
    path = _root() / f"{name}.md"
    if not _NAME.match(name) or not path.is_file():
        raise NotFound("There is no such page in the documentation.")
    text = path.read_text(encoding="utf-8")
    return _rendered(name, text.replace(EXAMPLE_SERVER, settings.BASE_URL))


@cache
def navigation() -> Sequence[Section]:
    """All pages with their titles, in the order of `SECTIONS`. Read once a process."""
    titles = {
        path.stem: _title(path.read_text(encoding="utf-8")) for path in sorted(_root().glob("*.md"))
    }
    named = {FIRST_PAGE}.union(*(names for _, names in SECTIONS))
    sections = [*SECTIONS, (OTHERS, tuple(name for name in titles if name not in named))]
    return [
        Section(title, tuple((name, titles[name]) for name in names if name in titles))
        for title, names in sections
        if any(name in titles for name in names)
    ]


def _root() -> Path:
    return Path(settings.DOCS_ROOT)


def _title(text: str) -> str:
    found = _TITLE.search(text)
    return found[1].replace("`", "") if found else ""


@lru_cache(maxsize=64)
def _rendered(name: str, text: str) -> DocumentationPage:
    html = reachable(markdown_to_html(_PICTURE.sub("", text)))
    chapters: list[Chapter] = []

    def with_anchor(found: re.Match[str]) -> str:
        title = strip_tags(found[2])
        anchor = slugify(title)
        if found[1] == "2":
            chapters.append(Chapter(anchor, title))
        return f'<h{found[1]} id="{anchor}">{found[2]}</h{found[1]}>'

    html_with_anchors = _HEADING.sub(with_anchor, html)
    return DocumentationPage(
        name=name,
        title=_title(text),
        # Made of what nh3 has let through, and of anchors of [a-z0-9_-] alone.
        html=SafeString(_LINK.sub(_link, html_with_anchors)),
        chapters=tuple(chapters),
    )


def _link(found: re.Match[str]) -> str:
    """Links between pages lead to pages; those into the repository are no links here."""
    target, rest = found[1], found[2]
    if _ELSEWHERE.match(target):
        return found[0]
    path, _, anchor = target.partition("#")
    if path == "openapi.json":
        return f'<a href="/api/v1/openapi.json"{rest}>'
    if path.endswith(".md") and (_root() / path).is_file() and "/" not in path:
        suffix = f"#{anchor}" if anchor else ""
        return f'<a href="/docs/{path.removesuffix(".md")}{suffix}"{rest}>'
    return "<a>"
