"""Walks an ONNX model and counts every number in it, wherever it is kept.

Counted are initialisers, dense and sparse; tensors in attributes; numbers and texts in attributes,
by the rules of `evaluator.inspection.onnx.attributes`; the same in subgraphs, local functions and
training information. An honest network counts here what it counts in its own framework.

All else is side bytes but `metadata_props` and `doc_string` of the model, its graphs, functions,
nodes, attributes and values. No operator can read those, and no code of a participant runs beside
the graph, so they carry nothing into an answer. Exporters write a stack trace into each node, which
weighs more than a small model.
"""

from collections.abc import Iterator

from evaluator.inspection import limits
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.onnx.attributes import NUMBER_FIELDS, counted, is_constant
from evaluator.inspection.onnx.domains import Operator, Operators, refuse_random
from evaluator.inspection.onnx.numbers import NumberList
from evaluator.inspection.onnx.protobuf_wire import WireField, WireReader
from evaluator.inspection.onnx.schema import (
    ATTRIBUTE,
    ELEMENT_TYPE,
    FUNCTION,
    GRAPH,
    MAP_TYPE,
    MODEL,
    NODE,
    SHAPE,
    TENSOR_TYPE,
    TRAINING_INFO,
    TYPE,
    VALUE_INFO,
    MessageSpec,
    message_fields,
)
from evaluator.inspection.onnx.tensor import TensorReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_INERT = frozenset({"doc_string", "metadata_props"})
"""Fields that no operator can read."""


class ModelWalker:
    """Counts one model into a ledger."""

    def __init__(self, wire: WireReader, tensors: TensorReader, ledger: Ledger) -> None:
        self._wire = wire
        self._tensors = tensors
        self._ledger = ledger
        self._operators = Operators()
        self._attribute_bytes = 0
        self._inert_bytes = 0

    def walk(self, size: int) -> int:
        """Counts the model in the first `size` bytes. Answers with how many are side bytes."""
        has_version = has_graph = False
        for name, field in self._fields(MODEL, 0, size):
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
        tensor_bytes = self._tensors.stored_bytes + self._attribute_bytes
        return size - tensor_bytes - self._inert_bytes

    def _training_info(self, message: WireField) -> None:
        for name, field in self._fields_of(TRAINING_INFO, message):
            if name in {"initialization", "algorithm"}:
                self._graph(field, depth=1)

    def _function(self, message: WireField) -> None:
        identity = {"domain": "", "name": "", "overload": ""}
        defaults: list[WireField] = []
        for name, field in self._fields_of(FUNCTION, message):
            if name in identity:
                identity[name] = self._wire.text(field)
            elif name == "node":
                self._node(field, depth=1)
            elif name == "attribute_proto":
                self._add_attribute(defaults, field, "function")
            elif name == "value_info":
                self._value(field)
        function = Operator(**identity)
        self._operators.defined.add(function)
        self._check_operators()
        for default in defaults:
            self._attribute(default, function, depth=1)

    def _check_operators(self) -> None:
        if len(self._operators) > limits.ONNX_MAX_OPERATORS:
            raise self._wire.too_complex(f"more than {limits.ONNX_MAX_OPERATORS} functions")

    def _check_depth(self, depth: int, nested: str) -> None:
        if depth > limits.ONNX_MAX_DEPTH:
            what = f"{shown(self._wire.path)} has {nested} over {depth - 1} levels."
            raise Refused(RefusalCode.ONNX_TOO_DEEP, self._wire.path, what)

    def _graph(self, message: WireField, *, depth: int) -> None:
        self._check_depth(depth, "graphs in graphs")
        for name, field in self._fields_of(GRAPH, message):
            match name:
                case "node":
                    self._node(field, depth=depth)
                case "initializer":
                    self._tensors.count(field, role="initializer")
                case "sparse_initializer":
                    self._tensors.count_sparse(field, role="sparse_initializer")
                case "input" | "output" | "value_info":
                    self._value(field)

    def _node(self, message: WireField, *, depth: int) -> None:
        identity = {"domain": "", "op_type": "", "overload": ""}
        attributes: list[WireField] = []
        input_sizes = []
        for name, field in self._fields_of(NODE, message):
            if name in identity:
                identity[name] = self._wire.text(field)
            elif name == "input":
                input_sizes.append(field.size)
            elif name == "attribute":
                self._add_attribute(attributes, field, "node")
        operator = Operator(identity["domain"], identity["op_type"], identity["overload"])
        refuse_random(operator, input_sizes, self._wire.path)
        self._operators.call(operator)
        self._check_operators()
        # Only now: what an attribute counts depends on the operator, which may be written after it.
        for attribute in attributes:
            self._attribute(attribute, operator, depth=depth)

    def _add_attribute(self, attributes: list[WireField], message: WireField, owner: str) -> None:
        attributes.append(message)
        if len(attributes) > limits.ONNX_MAX_ATTRIBUTES:
            raise self._wire.too_complex(f"a {owner} of {len(attributes)} attributes")

    def _value(self, message: WireField) -> None:
        for name, field in self._fields_of(VALUE_INFO, message):
            if name == "type":
                self._type(field, depth=1)

    def _type(self, message: WireField, *, depth: int) -> None:
        """Follows a type to its shapes.

        The graph can read what is declared of a value, so that must be as short as geometry is.
        """
        self._check_depth(depth, "types in types")
        for name, field in self._fields_of(TYPE, message):
            match name:
                case "tensor_type" | "sparse_tensor_type":
                    for part, shape in self._fields_of(TENSOR_TYPE, field):
                        if part == "shape":
                            self._shape(shape)
                case "sequence_type" | "optional_type" | "map_type":
                    spec = MAP_TYPE if name == "map_type" else ELEMENT_TYPE
                    for part, inner in self._fields_of(spec, field):
                        if part == "type":
                            self._type(inner, depth=depth + 1)

    def _shape(self, message: WireField) -> None:
        for rank, _ in enumerate(self._fields_of(SHAPE, message), start=1):
            if rank > limits.ONNX_MAX_GEOMETRY:
                raise self._wire.malformed("declares a value with too many dimensions")

    def _attribute(self, message: WireField, operator: Operator, *, depth: int) -> None:
        name = ""
        numbers: dict[str, NumberList] = {}
        for key, field in self._fields_of(ATTRIBUTE, message):
            match key:
                case "name":
                    name = self._wire.text(field)
                case "t" | "tensors":
                    self._tensors.count(field, role=operator.name)
                case "sparse_tensor" | "sparse_tensors":
                    self._tensors.count_sparse(field, role=operator.name)
                case "g" | "graphs":
                    self._graph(field, depth=depth + 1)
                case "tp" | "type_protos":
                    self._type(field, depth=1)
                case _ if key in NUMBER_FIELDS:
                    numbers.setdefault(key, NumberList()).add(self._wire, key, field)
        for dtype, found, parameters in counted(operator, name, numbers):
            self._attribute_bytes += found.size
            self._ledger.add_tensor(
                name=name if is_constant(operator) else f"{operator.name}.{name}",
                path=self._wire.path,
                dtype=dtype,
                shape=(found.count,),
                parameters=parameters,
                size=found.size,
            )

    def _fields_of(self, spec: MessageSpec, message: WireField) -> Iterator[tuple[str, WireField]]:
        return self._fields(spec, message.start, message.end)

    def _fields(self, spec: MessageSpec, start: int, end: int) -> Iterator[tuple[str, WireField]]:
        """The fields of a message but those that are inert, whose bytes are noted."""
        for name, field in message_fields(self._wire, spec, start, end):
            if name not in _INERT:
                yield name, field
                continue
            self._inert_bytes += field.size
            if self._inert_bytes > limits.ONNX_MAX_INERT_BYTES:
                most = limits.ONNX_MAX_INERT_BYTES
                raise self._wire.too_complex(f"more than {most} bytes of metadata")
