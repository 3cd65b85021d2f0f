"""Markdown that others wrote, as HTML that is safe to show.

Two walls, each enough by itself: raw HTML is no markup but text to the parser, and what it makes
passes an allow-list of elements and attributes. Images are left out: a page shows none from
elsewhere, and a pack has none yet.
"""

from typing import Final

import nh3
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from minigiants.core import maths

ELEMENTS: Final = frozenset(
    {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
    | {"table", "tbody", "td", "th", "thead", "tr"}
    | maths.MATHML_ELEMENTS
)
ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}, **maths.MATHML_ATTRIBUTES}
URL_SCHEMES: Final = frozenset({"http", "https", "mailto"})

_PARSER: Final = (
    MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
)
maths.install(_PARSER)


def markdown_to_html(text: str) -> SafeString:
    """CommonMark with tables, strike-through and $formulas$, as safe HTML.

    Links carry rel="nofollow noopener"; those with a scheme other than http, https or mailto
    lose their target.
    """
    return SafeString(
        nh3.clean(
            _PARSER.render(text),
            tags=set(ELEMENTS),
            attributes=ATTRIBUTES,
            url_schemes=set(URL_SCHEMES),
            link_rel="nofollow noopener",
        )
    )
