"""Small marks in one-line texts that are no Markdown documents."""

import re
from typing import Final

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from minigiants.web.page_text import html_below

register = template.Library()

_CODE: Final = re.compile(r"`([^`]+)`")
_WORD: Final = re.compile(r"\S+")


@register.filter
def inline_code(text: str) -> SafeString:
    """`text` escaped, with what stands between backticks as code."""
    escaped = conditional_escape(text)
    return mark_safe(_CODE.sub(r"<code>\1</code>", escaped))  # noqa: S308  (escaped above)


@register.filter
def markdown(text: str) -> SafeString:
    """What somebody wrote in a discussion, as safe HTML below a heading of the second level."""
    return html_below(text, levels=2)


@register.filter
def unbroken(text: str) -> SafeString:
    """`text` escaped, with lines that break between words only, never within an option."""
    escaped = conditional_escape(text)
    return mark_safe(  # noqa: S308  (escaped above)
        _WORD.sub(lambda word: f'<span class="word">{word[0]}</span>', escaped)
    )
