"""Primary keys that sort by time: UUID version 7 (RFC 9562, section 5.7)."""

import os
import time
from uuid import UUID

NANOSECONDS = 1_000_000
"""In a millisecond."""
FRACTION_BITS = 12


def uuid7() -> UUID:
    """A new UUID: 48 bits of Unix milliseconds, 12 of their fraction, then 62 random bits.

    So what one process makes is in order, also within a millisecond (RFC 9562, 6.2, method 3).
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), NANOSECONDS)
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76
    value |= (nanoseconds << FRACTION_BITS) // NANOSECONDS << 64
    value |= 0b10 << 62
    value |= int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return UUID(int=value)
