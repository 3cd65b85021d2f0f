"""How numbers and times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from minigiants.web.templatetags import prose, quantities


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (39_117, "38.2 KiB"), (1 << 30, "1 GiB")],
)
def test_file_sizes(value: int, text: str) -> None:
    assert quantities.file_size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000123, "12.3 µs"),
        (0.0014, "1.4 ms"),
        (2.31, "2.31 s"),
        (60.0, "1 min"),
        (185.0, "3 min 5 s"),
        (7260.0, "2 h 1 min"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert quantities.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(650, "650"), (1000, "1k"), (9610, "9.61k"), (1_000_000, "1M")]
)
def test_compact_counts(value: int, text: str) -> None:
    assert quantities.compact(value) == text


def test_what_is_not_known_is_a_dash() -> None:
    for write in (
        quantities.integer,
        quantities.compact,
        quantities.file_size,
        quantities.exact_bytes,
        quantities.seconds,
        quantities.rate,
        quantities.percent,
        quantities.ago,
        quantities.moment,
    ):
        assert write(None) == quantities.NOTHING


@pytest.mark.parametrize(
    ("fraction", "width"),
    [(None, "0%"), (0.0, "0%"), (0.0001, "1.0%"), (0.5, "50.0%"), (1.0, "100.0%"), (7.5, "100.0%")],
)
def test_bars_never_leave_their_box(fraction: float | None, width: str) -> None:
    assert quantities.bar_width(fraction) == width


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(seconds=-1), "over"),
        (timedelta(seconds=30), "less than a minute"),
        (timedelta(minutes=1, seconds=5), "1 minute"),
        (timedelta(hours=5, seconds=5), "5 hours"),
        (timedelta(days=12, seconds=5), "12 days"),
        (timedelta(days=5000), "no end"),
    ],
)
def test_time_left(left: timedelta, text: str) -> None:
    assert quantities.time_left(timezone.now() + left) == text


def test_ages_carry_the_exact_time() -> None:
    text = quantities.ago(timezone.now() - timedelta(hours=3))
    assert "3 hours ago" in text
    assert "UTC" in text
    assert quantities.stamp(datetime(2026, 3, 5, 7, 8, tzinfo=UTC)) == "5 Mar 2026, 07:08 UTC"


def test_inline_code_escapes_first() -> None:
    assert prose.inline_code("run `a<b>`") == "run <code>a&lt;b&gt;</code>"
    assert prose.inline_code("<i>no</i>") == "&lt;i&gt;no&lt;/i&gt;"


def test_commands_break_between_words_only() -> None:
    assert (
        prose.unbroken("a --b\n<c>")
        == '<span class="word">a</span> <span class="word">--b</span>\n'
        '<span class="word">&lt;c&gt;</span>'
    )
