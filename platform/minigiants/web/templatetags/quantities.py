"""How numbers, sizes and times are written. Each has one form on all pages."""

from datetime import datetime, timedelta
from typing import Final

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

NOTHING: Final = "\N{EN DASH}"
_TITLES: Final = {
    "parameters": "Parameters",
    "tensor_bits": "Tensor bits",
    "side_bytes": "Side bytes",
    "artifact_bytes": "Artifact",
}
_BYTE_QUANTITIES: Final = frozenset({"side_bytes", "artifact_bytes"})


@register.filter
def integer(value: int | None) -> str:
    """An exact count with thousands separated: 9,610."""
    return NOTHING if value is None else f"{value:,}"


@register.filter
def compact(value: float | None) -> str:
    """A count in three digits or so: 9.61k, 1M."""
    if value is None:
        return NOTHING
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


@register.filter
def file_size(value: float | None) -> str:
    """Bytes with a binary unit: 38.2 KiB."""
    if value is None:
        return NOTHING
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1024
    return f"{value:.3g} TiB"


@register.filter
def exact_bytes(value: int | None) -> str:
    """Bytes to the last one, for titles: 39,117 bytes."""
    return NOTHING if value is None else f"{value:,} bytes"


@register.filter
def seconds(value: float | None) -> str:
    """A span of time in the unit that suits it: 1.4 ms, 2.31 s, 3 min 5 s."""
    if value is None:
        return NOTHING
    if value < 1e-3:
        return f"{value * 1e6:.3g} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    if value < 60:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


@register.filter
def small(value: float | None) -> str:
    """A probability in two digits: 0.034, 1.2e-05."""
    return NOTHING if value is None else f"{value:.2g}"


@register.filter
def rate(value: float | None) -> str:
    """Examples a second."""
    return NOTHING if value is None else f"{compact(value)} / s"


@register.filter
def quantity_title(name: str) -> str:
    """What a budget's quantity is called on pages."""
    return _TITLES.get(name, name)


@register.filter
def amount(value: int | None, quantity: str) -> str:
    """An amount of a budget's quantity: exact as a count, with a unit as bytes."""
    return file_size(value) if quantity in _BYTE_QUANTITIES else integer(value)


@register.filter
def bar_width(fraction: float | None) -> str:
    """The width of a gauge's bar in percent, 0 to 100, never so thin that it can't be seen."""
    if not fraction:
        return "0%"
    return f"{min(max(fraction * 100, 1), 100):.1f}%"


@register.filter
def percent(fraction: float | None) -> str:
    """A fraction as a percentage."""
    return NOTHING if fraction is None else f"{fraction * 100:.3g} %"


def span_in_words(span: timedelta) -> str:
    """A span in its largest unit, rounded down: “12 days”, “1 hour”, “5 minutes”."""
    total = int(abs(span.total_seconds()))
    for size, unit in (
        (365 * 86_400, "year"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ):
        if total >= size:
            count = total // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


@register.filter
def time_left(moment: datetime) -> str:
    """How long it is until `moment`, or that it is past, or too far to matter."""
    left = moment - timezone.now()
    if left > timedelta(days=3650):
        return "no end"
    return "over" if left <= timedelta(0) else span_in_words(left)


def stamp(moment: datetime) -> str:
    """A date and time in full, in UTC."""
    return f"{moment:%-d %b %Y, %H:%M} UTC"


@register.simple_tag
def moment(value: datetime | None) -> SafeString | str:
    """A time element with date and time in UTC."""
    if value is None:
        return NOTHING
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), stamp(value))


@register.simple_tag
def ago(value: datetime | None) -> SafeString | str:
    """A time element that says how long ago, or ahead; the exact time is its title."""
    if value is None:
        return NOTHING
    distance = value - timezone.now()
    words = span_in_words(distance)
    if distance > timedelta(0):
        text = f"in {words}"
    elif -distance < timedelta(minutes=1):
        text = "just now"
    else:
        text = f"{words} ago"
    return format_html(
        '<time datetime="{}" title="{}" data-relative>{}</time>',
        value.isoformat(),
        stamp(value),
        text,
    )
