"""The element types of tensors, and how many parameters a tensor counts for.

The rule. Elements of floating-point tensors count one each, whatever their width: the cap on
tensor bits bounds what a wide one can hold. An integer or boolean tensor of one element counts
one (`num_batches_tracked` is such a counter). Any other integer or boolean tensor counts its bits
divided by four, rounded up: packed four-bit weights, the densest in common use, then count what
they hold, however they are packed into bytes or words. Where the loader of a known format unpacks
them, they count at the width at which it does (`evaluator.inspection.checkpoint.packed`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from evaluator.inspection.limits import MAX_ELEMENTS, MAX_RANK

BITS_PER_INTEGER_PARAMETER = 4


class Family(Enum):
    """What an element is a number of."""

    FLOAT = "float"
    INTEGER = "integer"
    REFUSED = "refused"


@dataclass(frozen=True)
class ElementType:
    """A type of elements: its name, how counting treats it, and its width in bits."""

    name: str
    family: Family
    bits: int


def data_bytes(element: ElementType, elements: int) -> int:
    """Bytes that so many elements occupy, packed, rounded up to a whole byte."""
    return -(-elements * element.bits // 8)


def parameters_of(element: ElementType, elements: int) -> int:
    """Parameters that a tensor of so many elements counts for, by the rule of this module."""
    if element.family is Family.FLOAT:
        return elements
    if elements <= 1:
        return elements
    return parameters_in_bits(elements * element.bits)


def packed_parameters(element: ElementType, elements: int, width: int) -> int:
    """Parameters in a tensor whose elements hold values of `width` bits, packed or not."""
    return -(-elements * element.bits // width)


def parameters_in_bits(bits: int) -> int:
    """Parameters that so many bits of integers count for."""
    return -(-bits // BITS_PER_INTEGER_PARAMETER)


def element_count(shape: Iterable[int]) -> int | None:
    """The product of `shape` (1 for a scalar), or None where it is no shape of a tensor.

    That is so for a negative dimension, too many dimensions, and too many elements.
    """
    elements = 1
    sizes = list(shape)
    if len(sizes) > MAX_RANK or not all(0 <= size <= MAX_ELEMENTS for size in sizes):
        return None
    for size in sizes:
        elements *= size
        if elements > MAX_ELEMENTS:
            return None
    return elements
