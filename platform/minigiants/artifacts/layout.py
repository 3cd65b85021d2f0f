"""How files are cut into parts, and where an unfinished upload lies."""

from pathlib import Path
from uuid import UUID

from django.conf import settings

from evaluator.contract import PART_BYTES


def part_count(size: int) -> int:
    """How many parts a file of `size` bytes is sent in. An empty file is sent in none."""
    return -(-size // PART_BYTES)


def part_length(size: int, number: int) -> int:
    """Length in bytes of part `number` (from 0) of a file of `size` bytes."""
    return min(PART_BYTES, size - number * PART_BYTES)


def session_folder(session_id: UUID) -> Path:
    """Where the parts of an upload are written, on the blob store's file system."""
    return Path(settings.BLOBS_ROOT) / "uploads" / str(session_id)


def staged_file(session_id: UUID, position: int) -> Path:
    """The file that the parts of one announced file are written into, each at its offset."""
    return session_folder(session_id) / str(position)
