"""Logs: what is counted, what is cut, and what never crosses from one to the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.contract import LOG_CHARACTERS
from evaluator.harness.protocol import log_marker
from evaluator.sandbox.logs import LogBook, LogTooLarge

RUN = b"run 1234"


@given(before=st.binary(max_size=50), after=st.binary(max_size=50))
def test_what_comes_late_is_for_hosts(before: bytes, after: bytes) -> None:
    late, early = LogBook(1000), LogBook(1000)
    late.feed(before)
    early.feed(before)
    late.close_smoke()
    late.feed(after)

    assert late.smoke_log == early.smoke_log


@given(st.lists(st.binary(max_size=40)), st.integers(0, 200))
def test_the_limit_counts_every_byte(chunks: list[bytes], limit: int) -> None:
    book = LogBook(limit)
    total = 0
    for number, chunk in enumerate(chunks):
        if number == 2:
            book.close_smoke()
        total += len(chunk)
        if total > limit:
            with pytest.raises(LogTooLarge):
                book.feed(chunk)
            return
        book.feed(chunk)
    assert total <= limit


@given(st.binary(max_size=500))
def test_a_log_is_text_that_any_database_takes(data: bytes) -> None:
    book = LogBook(1000)
    book.feed(data)

    assert not any(ord(c) < 32 and c not in "\n\t" for c in book.smoke_log)
    book.smoke_log.encode()


def test_a_long_log_is_cut_in_the_middle() -> None:
    book = LogBook(10**6)
    book.feed(b"first " + b"x" * 200_000 + b" last")

    assert book.smoke_log.startswith("first ")
    assert book.smoke_log.endswith(" last")
    assert "characters are left out here" in book.smoke_log
    assert LOG_CHARACTERS - 100 < len(book.smoke_log) <= LOG_CHARACTERS


def test_the_mark_of_a_run_is_taken_out() -> None:
    book = LogBook(1000)
    book.feed(b"words" + log_marker(RUN)[:5])
    assert not book.ended(RUN)
    book.feed(log_marker(RUN)[5:])

    assert book.ended(RUN)
    assert book.smoke_log == "words"


def test_remarks_stand_on_lines_of_their_own() -> None:
    book = LogBook(1000)
    book.feed(b"no newline")
    book.remark("It ended.")

    assert book.smoke_log == "no newline\n[sandbox] It ended.\n"


def test_no_mark_of_any_run_is_shown() -> None:
    book = LogBook(1000)
    book.feed(b"one" + log_marker(RUN) + b"two" + log_marker(bytes(8)))

    assert book.smoke_log == "onetwo"
