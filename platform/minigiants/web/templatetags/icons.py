"""`{% icon "check" %}`: the site's own line icons, inline, so that they take the text's colour."""

from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_SHAPES: Final = {
    "alert": '<path d="M12 4 2.8 20h18.4L12 4Z"/><path d="M12 10v4.5M12 17.4v.1"/>',
    "arrow": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "bell": (
        '<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15L6 16.5Z"/>'
        '<path d="M10 20.5a2.2 2.2 0 0 0 4 0"/>'
    ),
    "board": '<path d="M4 20v-7h5v7M9.5 20V5h5v15M15 20v-9h5v9M3 20h18"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.4 2"/>',
    "copy": (
        '<rect x="8.5" y="8.5" width="11" height="11.5" rx="2"/>'
        '<path d="M15.5 8.5V6a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"/>'
    ),
    "cross": '<path d="m6 6 12 12M18 6 6 18"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M4.5 20h15"/>',
    "file": '<path d="M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.8v.1"/>',
    "key": '<circle cx="8" cy="15.5" r="4"/><path d="m11 12.5 8-8M16 7.5l2.5 2.5"/>',
    "light": (
        '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17'
        'l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4"/>'
    ),
    "dark": '<path d="M20 14.5A8.3 8.3 0 1 1 9.5 4a6.6 6.6 0 0 0 10.5 10.5Z"/>',
    "auto": (
        '<circle cx="12" cy="12" r="8.5"/>'
        '<path d="M12 3.5v17a8.5 8.5 0 0 0 0-17Z" fill="currentColor"/>'
    ),
    "scale": '<path d="M12 4v16M7 20h10M5 7h14M5 7l-3 7a3.2 3.2 0 0 0 6 0L5 7ZM19 7l-3 7a3.2 3.2 0 0 0 6 0l-3-7Z"/>',  # noqa: E501
    "shield": '<path d="M12 3.5 5 6v5.5c0 4.4 2.9 7.6 7 9 4.1-1.4 7-4.6 7-9V6l-7-2.5Z"/><path d="m9 12 2.2 2.2L15.2 10"/>',  # noqa: E501
    "stop": '<circle cx="12" cy="12" r="8.5"/><path d="m8.5 8.5 7 7M15.5 8.5l-7 7"/>',
    "upload": '<path d="M12 16V5M7 9.5l5-5 5 5M4.5 20h15"/>',
    "user": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>',
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon called `name`, hidden from screen readers: the text beside it says the same."""
    return format_html(
        '<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        'focusable="false">{}</svg>',
        mark_safe(_SHAPES[name]),  # noqa: S308  (our own constants above)
    )
