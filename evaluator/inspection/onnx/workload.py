"""What an example costs in an ONNX model: the products with weights in its graph.

Counted are Gemm, MatMul and Conv with a weight of the graph: two operations for each element of the
weight each time it is used, which the shape of the output tells. A product of two activations is
left out, as everywhere (`evaluator.inspection.checkpoint.workload`). The first dimension of every
activation is that of examples.

Nothing is guessed: an operator that may hold other products, a weight that is computed, or a shape
that the graph does not declare, and there is no answer. Shapes are what the exporter declares; so
the figure is shown, and never held against a budget.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from evaluator.inspection import limits
from evaluator.inspection.onnx.domains import STANDARD_DOMAINS
from evaluator.inspection.onnx.protobuf_wire import Wire, WireField, WireReader
from evaluator.inspection.onnx.schema import (
    DIMENSION,
    GRAPH,
    MODEL,
    NODE,
    SHAPE,
    TENSOR,
    TENSOR_TYPE,
    TYPE,
    VALUE_INFO,
    MessageSpec,
    message_fields,
)
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import Refused
from evaluator.inspection.verdict import Workload

Shape = tuple[int | None, ...]
"""A dimension is None where it is not a number, as that of examples may be."""

_PRODUCTS = frozenset({"Conv", "Gemm", "MatMul"})
_RENAMING = frozenset({"Cast", "DequantizeLinear", "Identity", "Reshape", "Transpose"})
"""Operators whose output has the elements of their first input, so that a weight stays one."""

_WITHOUT_PRODUCTS = _RENAMING | {
    *("Abs", "Add", "And", "ArgMax", "AveragePool", "BatchNormalization", "Clip", "Concat"),
    *("Constant", "ConstantOfShape", "Div", "Dropout", "Elu", "Equal", "Erf", "Exp", "Expand"),
    *("Flatten", "Floor", "Gather", "GatherElements", "Gelu", "GlobalAveragePool"),
    *("GlobalMaxPool", "Greater", "GroupNormalization", "HardSigmoid", "HardSwish"),
    *("InstanceNormalization", "LayerNormalization", "LeakyRelu", "Less", "Log", "LogSoftmax"),
    *("Max", "MaxPool", "Min", "Mod", "Mul", "Neg", "Not", "OneHot", "Or", "PRelu", "Pad", "Pow"),
    *("RMSNormalization", "Range", "Reciprocal", "ReduceMax", "ReduceMean", "ReduceMin"),
    *("ReduceSum", "Relu", "Resize", "Selu", "Shape", "Sigmoid", "Sign", "Sin", "Slice"),
    *("Softmax", "Softplus", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "Trilu"),
    *("Unsqueeze", "Where"),
}


class _NotKnown(Exception):
    """The graph does not tell what it costs."""


@dataclass
class _Node:
    operator: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def onnx_workload(reader: ExactReader, parameters: int) -> Workload | None:
    """What an example costs in a model of so many `parameters`, or None where that is not known.

    The model must have been inspected: this only looks, and refuses nothing.
    """
    try:
        flops = _GraphReader(WireReader(reader)).flops(reader.size)
    except (_NotKnown, Refused):
        # What is declared beside the tensors is not part of the verdict, malformed or not.
        return None
    return Workload(unit="example", active_parameters=parameters, flops=flops)


class _GraphReader:
    """Reads the nodes, weights and declared shapes of one model's graph."""

    def __init__(self, wire: WireReader) -> None:
        self._wire = wire
        self._weights: dict[str, int] = {}
        self._shapes: dict[str, Shape] = {}
        self._nodes: list[_Node] = []
        self._name_bytes = 0

    def flops(self, size: int) -> int:
        """Operations for one example. Raises `_NotKnown` or `Refused`."""
        for name, part in message_fields(self._wire, MODEL, 0, size):
            if name == "functions":
                raise _NotKnown
            if name == "graph":
                self._read_graph(part)
        return sum(self._cost(node) for node in self._nodes)

    def _read_graph(self, graph: WireField) -> None:
        for name, part in self._fields(GRAPH, graph):
            match name:
                case "node":
                    self._nodes.append(self._node(part))
                case "initializer":
                    weight, shape = self._tensor(part)
                    self._weights[weight] = math.prod(shape)
                case "sparse_initializer":
                    raise _NotKnown
                case "input" | "output" | "value_info":
                    self._declare(part)

    def _cost(self, node: _Node) -> int:
        if node.domain not in STANDARD_DOMAINS:
            raise _NotKnown
        weights = [self._weights[name] for name in node.inputs if name in self._weights]
        if node.operator in _RENAMING and node.inputs and node.inputs[0] in self._weights:
            self._weights |= dict.fromkeys(node.outputs, self._weights[node.inputs[0]])
            return 0
        if node.operator in _WITHOUT_PRODUCTS:
            if weights and len(weights) == len([name for name in node.inputs if name]):
                raise _NotKnown  # a weight that is computed, and what from can't be told
            return 0
        if node.operator not in _PRODUCTS or len(node.inputs) < 2 or not node.outputs:
            raise _NotKnown
        weight = self._weights.get(node.inputs[1])
        if node.inputs[0] in self._weights:
            raise _NotKnown
        return 0 if weight is None else 2 * weight * self._uses(node)

    def _uses(self, node: _Node) -> int:
        """How often an example uses each element of the weight: rows, or places of a kernel."""
        if node.operator == "Gemm":
            return 1
        shape = self._shapes.get(node.outputs[0], ())
        repeated = shape[2:] if node.operator == "Conv" else shape[1:-1]
        if len(shape) < 2 or None in repeated:
            raise _NotKnown
        return math.prod(size for size in repeated if size is not None)

    def _node(self, message: WireField) -> _Node:
        node = _Node()
        for name, part in self._fields(NODE, message):
            match name:
                case "op_type":
                    node.operator = self._name(part)
                case "domain":
                    node.domain = self._name(part)
                case "input":
                    node.inputs.append(self._name(part))
                case "output":
                    node.outputs.append(self._name(part))
        return node

    def _tensor(self, message: WireField) -> tuple[str, list[int]]:
        tensor, shape = "", list[int]()
        for name, part in self._fields(TENSOR, message):
            if name == "name":
                tensor = self._name(part)
            elif name == "dims" and part.wire is Wire.BYTES:
                shape.extend(self._wire.packed_varints(part.start, part.end))
            elif name == "dims":
                shape.append(self._wire.signed(part))
        return tensor, shape

    def _declare(self, message: WireField) -> None:
        value, shape = "", None
        for name, part in self._fields(VALUE_INFO, message):
            if name == "name":
                value = self._name(part)
            elif name == "type":
                shape = self._declared_shape(part)
        if shape is not None:
            self._shapes[value] = shape

    def _declared_shape(self, message: WireField) -> Shape | None:
        for name, tensor_type in self._fields(TYPE, message):
            if name != "tensor_type":
                continue
            for part_name, part in self._fields(TENSOR_TYPE, tensor_type):
                if part_name == "shape":
                    return tuple(self._dimensions(part))
        return None

    def _dimensions(self, message: WireField) -> Iterator[int | None]:
        for rank, (_, part) in enumerate(self._fields(SHAPE, message)):
            if rank == limits.MAX_RANK:
                raise _NotKnown
            size = None
            for name, value in self._fields(DIMENSION, part):
                if name == "dim_value":
                    size = self._wire.signed(value)
            yield size if size is not None and size > 0 else None

    def _name(self, part: WireField) -> str:
        self._name_bytes += part.size
        if self._name_bytes > limits.ONNX_MAX_KEPT_NAME_BYTES:
            raise _NotKnown
        return self._wire.text(part)

    def _fields(self, spec: MessageSpec, message: WireField) -> Iterator[tuple[str, WireField]]:
        return message_fields(self._wire, spec, message.start, message.end)
