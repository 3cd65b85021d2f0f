"""Counts an ONNX model with the stock library, by the rules of the budgets.

It walks the parsed model by reflection, so it shares nothing with the reader under test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod

import onnx
from google.protobuf.message import Message  # type: ignore[import-untyped]

_FLOATS = {
    value
    for name, value in onnx.TensorProto.DataType.items()
    if "FLOAT" in name or name == "DOUBLE"
}
_BITS: dict[int, int] = {
    onnx.TensorProto.INT4: 4,
    onnx.TensorProto.UINT4: 4,
    onnx.TensorProto.INT2: 2,
    onnx.TensorProto.UINT2: 2,
}
_GEOMETRY = {"kernel_shape", "strides", "pads", "dilations", "perm", "axes", "split"}
_PUT_OUT = {"classlabels_strings", "default_string", "values_strings"}
_DOCUMENTED = (
    onnx.ModelProto,
    onnx.GraphProto,
    onnx.FunctionProto,
    onnx.NodeProto,
    onnx.AttributeProto,
    onnx.ValueInfoProto,
)


@dataclass(frozen=True)
class ReferenceCounts:
    parameters: int
    tensors: int
    inert_bytes: int


def messages(message: Message, operator: str = "") -> Iterator[tuple[Message, str]]:
    """All messages inside of one, each with the operator of the node that it belongs to."""
    if isinstance(message, onnx.NodeProto):
        operator = f"{message.domain}:{message.op_type}"
    elif isinstance(message, onnx.FunctionProto):
        operator = f"{message.domain}:{message.name}"
    yield message, operator
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None:
            continue
        for item in value if descriptor.is_repeated else [value]:
            yield from messages(item, operator)


def reference_counts(model: onnx.ModelProto) -> ReferenceCounts:
    parameters = tensors = inert = 0
    for message, operator in messages(model):
        if isinstance(message, _DOCUMENTED):
            inert += inert_bytes(message)
        if isinstance(message, onnx.TensorProto):
            parameters += tensor_parameters(message)
            tensors += 1
        elif isinstance(message, onnx.AttributeProto):
            for count in attribute_parameters(message, operator):
                parameters += count
                tensors += 1
    return ReferenceCounts(parameters, tensors, inert)


def inert_bytes(message: Message) -> int:
    """Bytes of a message's own documentation, without the tags and lengths before it."""
    entries = getattr(message, "metadata_props", [])
    text = message.doc_string  # bytes where it is not UTF-8
    size: int = sum(entry.ByteSize() for entry in entries)
    return size + len(text if isinstance(text, bytes) else text.encode())


def tensor_parameters(tensor: onnx.TensorProto) -> int:
    elements: int = prod(tensor.dims)
    if tensor.data_type == onnx.TensorProto.STRING:
        return ceil(8 * sum(map(len, tensor.string_data)) / 4)
    if tensor.data_type in _FLOATS or elements <= 1:
        return elements
    bits = _BITS.get(tensor.data_type)
    if bits is None:
        bits = 8 * onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return ceil(elements * bits / 4)


def attribute_parameters(attribute: onnx.AttributeProto, operator: str) -> Iterator[int]:
    """The counts of an attribute's numbers, one for each list of them."""
    domain = operator.partition(":")[0]
    strings = [list(attribute.strings), [attribute.s] if attribute.HasField("s") else []]
    if operator in {":Constant", "ai.onnx:Constant"}:
        floats = len(attribute.floats) + attribute.HasField("f")
        ints = [*attribute.ints, *([attribute.i] if attribute.HasField("i") else [])]
        if floats:
            yield floats
        if ints:
            yield 1 if len(ints) == 1 else 16 * len(ints)
        yield from (2 * sum(map(len, texts)) for texts in strings if texts)
        return
    is_geometry = domain in {"", "ai.onnx"} and attribute.name in _GEOMETRY
    for numbers in (attribute.floats, attribute.ints):
        if numbers and not (is_geometry and len(numbers) <= 16):
            yield len(numbers)
    if domain not in {"", "ai.onnx", "ai.onnx.ml"}:
        yield from (1 for field in ("f", "i") if attribute.HasField(field))
    elif domain != "ai.onnx.ml" or attribute.name not in _PUT_OUT:
        return
    yield from (2 * sum(map(len, texts)) for texts in strings if texts)
