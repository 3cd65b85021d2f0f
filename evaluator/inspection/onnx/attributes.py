"""Which numbers and texts in the attributes of a node count as parameters.

- A Constant counts by the rules for tensors, whichever attribute holds it.
- A function of the model can read all that it is given: each number in an attribute of a call, or
  in a default, counts one, and texts, which can be cast to numbers, their bits / 4.
- Of a standard operator lists of numbers count one a number, which is where a scikit-learn forest
  keeps its trees, and so do texts that it puts out. Not single numbers (an axis, an epsilon), the
  names of modes, and the short lists that describe geometry (strides, pads, a permutation).

What counts is tensor data, so a list of wide integers meets the cap on bits. What does not is, byte
for byte, side bytes.
"""

from collections.abc import Iterator, Mapping

from evaluator.inspection import limits
from evaluator.inspection.elements import (
    ElementType,
    Family,
    parameters_in_bits,
    parameters_of,
)
from evaluator.inspection.onnx.domains import ALLOWED_DOMAINS, STANDARD_DOMAINS, Operator
from evaluator.inspection.onnx.numbers import NumberList

_FLOATS = frozenset({"f", "floats"})
_TEXTS = frozenset({"s", "strings"})
NUMBER_FIELDS = _FLOATS | _TEXTS | {"i", "ints"}
"""The fields of an attribute that hold numbers or texts; the others hold messages."""

_FLOAT = ElementType("FLOAT", Family.FLOAT, 32)
_INTEGER = ElementType("INT64", Family.INTEGER, 64)
_TEXT = "STRING"

_GEOMETRY = frozenset(
    {
        *("axes", "dilations", "kernel_shape", "output_padding", "output_shape", "pads", "perm"),
        *("scales", "split", "strides"),
    }
)
_READABLE_TEXTS = frozenset(
    {"cats_strings", "classes_strings", "classlabels_strings", "default_string", "values_strings"}
)
"""Attributes of ai.onnx.ml whose texts come out of the operator as a tensor."""


def counted(
    operator: Operator, name: str, fields: Mapping[str, NumberList]
) -> Iterator[tuple[str, NumberList, int]]:
    """What counts in the attribute `name`: the type, the numbers, and for how many parameters."""
    for key, found in fields.items():
        if not found.count or not _counts(operator, name, key, found.count):
            continue
        if key in _TEXTS:
            yield _TEXT, found, parameters_in_bits(8 * found.size)
            continue
        element = _FLOAT if key in _FLOATS else _INTEGER
        by_tensors = is_constant(operator)
        yield (
            element.name,
            found,
            parameters_of(element, found.count) if by_tensors else found.count,
        )


def is_constant(operator: Operator) -> bool:
    """Whether the operator is ONNX's own Constant."""
    return operator.domain in STANDARD_DOMAINS and operator.name == "Constant"


def _counts(operator: Operator, name: str, key: str, count: int) -> bool:
    if operator.domain not in ALLOWED_DOMAINS or is_constant(operator):
        return True
    if key in _TEXTS:
        return operator.domain not in STANDARD_DOMAINS and name in _READABLE_TEXTS
    is_list = key in {"floats", "ints"}
    is_geometry = operator.domain in STANDARD_DOMAINS and name in _GEOMETRY
    return is_list and not (is_geometry and count <= limits.ONNX_MAX_GEOMETRY)
