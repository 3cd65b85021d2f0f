"""A blob's identity does not depend on how its bytes arrive."""

import hashlib
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.blob_hash import BlobHash
from evaluator.contract import PART_BYTES, composite_digest

CONTENT = bytes(range(256)) * (2 * PART_BYTES // 256 + 1)


def reference(content: bytes) -> str:
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)] or [b""]
    return composite_digest(hashlib.sha256(part).digest() for part in parts)


@settings(deadline=None, max_examples=20)
@given(
    size=st.sampled_from([0, 1, 1000, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES]),
    cuts=st.lists(st.integers(0, 2 * PART_BYTES), max_size=6),
)
def test_any_cutting_gives_the_composite_digest(size: int, cuts: list[int]) -> None:
    content = CONTENT[:size]
    blob = BlobHash()
    edges = [0, *sorted(cut for cut in cuts if cut < size), size]
    for start, end in pairwise(edges):
        blob.update(content[start:end])
    assert (blob.digest(), blob.size) == (reference(content), size)
