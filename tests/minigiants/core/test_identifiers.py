"""Time-ordered identities."""

import time
from uuid import RFC_4122

from minigiants.core.identifiers import uuid7


def test_version_and_variant_are_those_of_the_standard() -> None:
    made = uuid7()
    assert made.version == 7
    assert made.variant == RFC_4122


def test_identities_sort_by_time_and_hold_it() -> None:
    before = time.time_ns() // 1_000_000
    first = uuid7()
    milliseconds = first.int >> 80
    assert before <= milliseconds <= time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == milliseconds:
        pass
    assert uuid7() > first


def test_identities_of_one_moment_differ() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_what_is_made_within_a_millisecond_is_in_order() -> None:
    made = [uuid7() for _ in range(1000)]
    assert made == sorted(made)
