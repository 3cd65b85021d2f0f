"""How files are cut into parts."""

from evaluator.contract import PART_BYTES


def part_count(size: int) -> int:
    """How many parts a file of `size` bytes is sent in. An empty file is sent in none."""
    return -(-size // PART_BYTES)


def part_length(size: int, number: int) -> int:
    """Length in bytes of part `number` (from 0) of a file of `size` bytes."""
    return min(PART_BYTES, size - number * PART_BYTES)
