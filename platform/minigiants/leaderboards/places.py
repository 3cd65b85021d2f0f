"""Places: the order of a board as bytes.

A place sorts as bytes exactly as a board sorts: by the ranking key (smaller is better), of equals
the earlier, of those the submission with the smaller id, which was made first. One column, one
index and one comparison then serve for order, pages and counts.
"""

import math
import struct
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

PLACE_BYTES: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1


def place_of(*, ranking_key: float, achieved_at: datetime, submission_id: UUID) -> bytes:
    """The place of a score: `PLACE_BYTES` bytes. Raises ValueError unless the key is finite."""
    if not math.isfinite(ranking_key):
        raise ValueError("what ranks is a finite number")
    # IEEE 754 numbers of one sign sort as integers; turning the bits makes both signs do so. The
    # zero that is added makes minus zero the same place as zero.
    (bits,) = struct.unpack(">Q", struct.pack(">d", ranking_key + 0.0))
    ordered = bits ^ (_ALL if bits & _SIGN else _SIGN)
    microseconds = (achieved_at - _EPOCH) // timedelta(microseconds=1)
    return struct.pack(">QQ", ordered, microseconds + _SIGN) + submission_id.bytes


def ranking_key(score: float, *, higher_is_better: bool) -> float:
    """`score` turned so that smaller is better."""
    return -score if higher_is_better else score
