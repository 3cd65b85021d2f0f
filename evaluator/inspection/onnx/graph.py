"""Walks an ONNX model and counts every number in it, wherever it is kept.

Counted as tensors: initialisers, dense and sparse; tensors in attributes; everything that a
Constant holds; the same in subgraphs, local functions and training information. Lists of numbers in
other attributes count one parameter a number, which is where a scikit-learn forest keeps its trees;
their bytes are tensor bytes, so a list of wide integers meets the cap on bits.

Not counted as parameters, but byte for byte as side bytes: single numbers in attributes (an axis,
an epsilon), and the short lists that describe geometry (strides, pads, a permutation). So an honest
network counts here what it counts in its own framework.
"""

from collections.abc import Iterator

from evaluator.inspection import limits
from evaluator.inspection.elements import (
    ElementType,
    Family,
    parameters_in_bits,
    parameters_of,
)
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.onnx.domains import STANDARD_DOMAINS, Operator, Operators
from evaluator.inspection.onnx.numbers import NumberList
from evaluator.inspection.onnx.protobuf_wire import WireField, WireReader
from evaluator.inspection.onnx.schema import (
    ATTRIBUTE,
    FUNCTION,
    GRAPH,
    MODEL,
    NODE,
    SPARSE_TENSOR,
    TRAINING_INFO,
    MessageSpec,
    message_fields,
)
from evaluator.inspection.onnx.tensor import TensorReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_GEOMETRY = frozenset(
    {
        *("axes", "dilations", "kernel_shape", "output_padding", "output_shape", "pads", "perm"),
        *("scales", "split", "strides"),
    }
)
_ATTRIBUTE_FLOAT = ElementType("FLOAT", Family.FLOAT, 32)
_ATTRIBUTE_INT = ElementType("INT64", Family.INTEGER, 64)


class ModelWalker:
    """Counts one model into a ledger."""

    def __init__(self, wire: WireReader, tensors: TensorReader, ledger: Ledger) -> None:
        self._wire = wire
        self._tensors = tensors
        self._ledger = ledger
        self._operators = Operators()
        self._attribute_bytes = 0

    def walk(self, size: int) -> int:
        """Counts the model in the first `size` bytes. Answers with those that are tensor data."""
        has_version = has_graph = False
        for name, field in message_fields(self._wire, MODEL, 0, size):
            match name:
                case "ir_version":
                    has_version = True
                case "graph":
                    has_graph = True
                    self._graph(field, depth=1)
                case "training_info":
                    self._training_info(field)
                case "functions":
                    self._function(field)
        if not (has_version and has_graph):
            raise self._wire.malformed("has no IR version or no graph")
        self._operators.refuse_unknown(self._wire.path)
        return self._tensors.stored_bytes + self._attribute_bytes

    def _training_info(self, message: WireField) -> None:
        for name, field in self._fields_of(TRAINING_INFO, message):
            if name in {"initialization", "algorithm"}:
                self._graph(field, depth=1)

    def _function(self, message: WireField) -> None:
        identity = {"domain": "", "name": "", "overload": ""}
        for name, field in self._fields_of(FUNCTION, message):
            if name in identity:
                identity[name] = self._wire.text(field)
            elif name == "node":
                self._node(field, depth=1)
            elif name == "attribute_proto":
                self._attribute(field, Operator("", "", ""), depth=1)
        self._operators.defined.add(Operator(**identity))
        self._check_operators()

    def _check_operators(self) -> None:
        if len(self._operators) > limits.ONNX_MAX_OPERATORS:
            raise self._wire.too_complex(f"more than {limits.ONNX_MAX_OPERATORS} functions")

    def _graph(self, message: WireField, *, depth: int) -> None:
        if depth > limits.ONNX_MAX_DEPTH:
            what = f"{shown(self._wire.path)} has graphs in graphs over {depth - 1} levels."
            raise Refused(RefusalCode.ONNX_TOO_DEEP, self._wire.path, what)
        for name, field in self._fields_of(GRAPH, message):
            match name:
                case "node":
                    self._node(field, depth=depth)
                case "initializer":
                    self._tensors.count(field, role="initializer")
                case "sparse_initializer":
                    self._sparse(field, role="sparse_initializer")

    def _node(self, message: WireField, *, depth: int) -> None:
        identity = {"domain": "", "op_type": "", "overload": ""}
        attributes = []
        for name, field in self._fields_of(NODE, message):
            if name in identity:
                identity[name] = self._wire.text(field)
            elif name == "attribute":
                attributes.append(field)
                if len(attributes) > limits.ONNX_MAX_ATTRIBUTES:
                    raise self._wire.too_complex(f"a node of {len(attributes)} attributes")
        operator = Operator(identity["domain"], identity["op_type"], identity["overload"])
        self._operators.call(operator)
        self._check_operators()
        # Only now: what an attribute counts depends on the operator, which may be written after it.
        for attribute in attributes:
            self._attribute(attribute, operator, depth=depth)

    def _attribute(self, message: WireField, operator: Operator, *, depth: int) -> None:
        name = ""
        numbers = {key: NumberList() for key in ("f", "floats", "i", "ints", "s", "strings")}
        for key, field in self._fields_of(ATTRIBUTE, message):
            match key:
                case "name":
                    name = self._wire.text(field)
                case "t" | "tensors":
                    self._tensors.count(field, role=operator.name)
                case "sparse_tensor" | "sparse_tensors":
                    self._sparse(field, role=operator.name)
                case "g" | "graphs":
                    self._graph(field, depth=depth + 1)
                case _ if key in numbers:
                    numbers[key].add(self._wire, key, field)
        standard = operator.domain in STANDARD_DOMAINS
        if standard and operator.name == "Constant":
            self._constant(name, numbers)
            return
        for key, dtype in (("floats", _ATTRIBUTE_FLOAT), ("ints", _ATTRIBUTE_INT)):
            found = numbers[key]
            if standard and name in _GEOMETRY and found.count <= limits.MAX_RANK:
                continue
            self._add_numbers(f"{operator.name}.{name}", dtype.name, found, found.count)

    def _constant(self, name: str, numbers: dict[str, NumberList]) -> None:
        """Counts what a Constant holds by the rules for tensors, in whichever attribute it is."""
        for key, found in numbers.items():
            if key in {"s", "strings"}:
                self._add_numbers(name, "STRING", found, parameters_in_bits(8 * found.size))
            else:
                element = _ATTRIBUTE_FLOAT if key in {"f", "floats"} else _ATTRIBUTE_INT
                self._add_numbers(name, element.name, found, parameters_of(element, found.count))

    def _add_numbers(self, name: str, dtype: str, found: NumberList, parameters: int) -> None:
        if not found.count:
            return
        self._attribute_bytes += found.size
        self._ledger.add_tensor(
            name=name,
            path=self._wire.path,
            dtype=dtype,
            shape=(found.count,),
            parameters=parameters,
            size=found.size,
        )

    def _sparse(self, message: WireField, *, role: str) -> None:
        for name, field in self._fields_of(SPARSE_TENSOR, message):
            if name in {"values", "indices"}:
                self._tensors.count(field, role=f"{role} {name}")

    def _fields_of(self, spec: MessageSpec, message: WireField) -> Iterator[tuple[str, WireField]]:
        return message_fields(self._wire, spec, message.start, message.end)
