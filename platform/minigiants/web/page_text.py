"""The pages of a pack, as a part of ours."""

import re
from typing import Final

from django.utils.safestring import SafeString

from minigiants.competitions.models import PackVersion
from minigiants.core.markdown import markdown_to_html

_WIDE: Final = re.compile(r'<(pre|table|math display="block")>')
_HEADING: Final = re.compile(r"(</?h)([1-6])>")


def reachable(html: str) -> SafeString:
    """Safe HTML in which the keyboard can reach what may be wider than a phone, and scrolls."""
    return SafeString(_WIDE.sub(r'<\1 tabindex="0">', html))


def html_below(text: str, *, levels: int) -> SafeString:
    """Markdown as safe HTML, its headings moved `levels` down below those of the page."""
    html = reachable(markdown_to_html(text))
    return SafeString(_HEADING.sub(lambda tag: f"{tag[1]}{min(int(tag[2]) + levels, 6)}>", html))


def page_text(version: PackVersion, name: str) -> SafeString:
    """The pack's page called `name` as safe HTML; empty where the pack has none.

    Headings move one level down, because the page around them has the first one.
    """
    return html_below(version.pages.get(name, ""), levels=1)
