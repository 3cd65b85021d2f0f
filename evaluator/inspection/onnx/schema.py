"""The messages of an ONNX file, as far as they lead to numbers.

After onnx.proto of ONNX 1.23 (IR version 13). Messages that hold neither tensors nor shapes
(bindings, metadata) are known as bytes and not followed when numbers are counted. A field that is
not listed is refused, since it could hold anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from evaluator.inspection.onnx.protobuf_wire import RunPattern, Wire, WireField, WireReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown


@dataclass(frozen=True)
class FieldSpec:
    """A field by its name, its wire type, and whether it may occur more than once."""

    name: str
    wire: Wire
    repeated: bool


@dataclass(frozen=True)
class MessageSpec:
    """A message by its name and its fields by number.

    `runs` are the repeated numbers that are only counted, by the tag of an unpacked entry.
    """

    name: str
    fields: Mapping[int, FieldSpec]
    runs: Mapping[int, RunPattern] = field(default_factory=dict)


def _runs(*patterns: RunPattern) -> dict[int, RunPattern]:
    return {pattern.tag: pattern for pattern in patterns}


def _one(name: str, wire: Wire = Wire.BYTES) -> FieldSpec:
    return FieldSpec(name, wire, repeated=False)


def _many(name: str, wire: Wire = Wire.BYTES) -> FieldSpec:
    return FieldSpec(name, wire, repeated=True)


MODEL = MessageSpec(
    "ModelProto",
    {
        1: _one("ir_version", Wire.VARINT),
        2: _one("producer_name"),
        3: _one("producer_version"),
        4: _one("domain"),
        5: _one("model_version", Wire.VARINT),
        6: _one("doc_string"),
        7: _one("graph"),
        8: _many("opset_import"),
        14: _many("metadata_props"),
        20: _many("training_info"),
        25: _many("functions"),
        26: _many("configuration"),
    },
)
TRAINING_INFO = MessageSpec(
    "TrainingInfoProto",
    {
        1: _one("initialization"),
        2: _one("algorithm"),
        3: _many("initialization_binding"),
        4: _many("update_binding"),
    },
)
GRAPH = MessageSpec(
    "GraphProto",
    {
        1: _many("node"),
        2: _one("name"),
        5: _many("initializer"),
        10: _one("doc_string"),
        11: _many("input"),
        12: _many("output"),
        13: _many("value_info"),
        14: _many("quantization_annotation"),
        15: _many("sparse_initializer"),
        16: _many("metadata_props"),
    },
)
FUNCTION = MessageSpec(
    "FunctionProto",
    {
        1: _one("name"),
        4: _many("input"),
        5: _many("output"),
        6: _many("attribute"),
        7: _many("node"),
        8: _one("doc_string"),
        9: _many("opset_import"),
        10: _one("domain"),
        11: _many("attribute_proto"),
        12: _many("value_info"),
        13: _one("overload"),
        14: _many("metadata_props"),
    },
)
NODE = MessageSpec(
    "NodeProto",
    {
        1: _many("input"),
        2: _many("output"),
        3: _one("name"),
        4: _one("op_type"),
        5: _many("attribute"),
        6: _one("doc_string"),
        7: _one("domain"),
        8: _one("overload"),
        9: _many("metadata_props"),
        10: _many("device_configurations"),
    },
)
ATTRIBUTE = MessageSpec(
    "AttributeProto",
    {
        1: _one("name"),
        2: _one("f", Wire.FIXED32),
        3: _one("i", Wire.VARINT),
        4: _one("s"),
        5: _one("t"),
        6: _one("g"),
        7: _many("floats", Wire.FIXED32),
        8: _many("ints", Wire.VARINT),
        9: _many("strings"),
        10: _many("tensors"),
        11: _many("graphs"),
        13: _one("doc_string"),
        14: _one("tp"),
        15: _many("type_protos"),
        20: _one("type", Wire.VARINT),
        21: _one("ref_attr_name"),
        22: _one("sparse_tensor"),
        23: _many("sparse_tensors"),
    },
    _runs(RunPattern.of(7, Wire.FIXED32), RunPattern.of(8, Wire.VARINT)),
)
TENSOR = MessageSpec(
    "TensorProto",
    {
        1: _many("dims", Wire.VARINT),
        2: _one("data_type", Wire.VARINT),
        4: _many("float_data", Wire.FIXED32),
        5: _many("int32_data", Wire.VARINT),
        6: _many("string_data"),
        7: _many("int64_data", Wire.VARINT),
        8: _one("name"),
        9: _one("raw_data"),
        10: _many("double_data", Wire.FIXED64),
        11: _many("uint64_data", Wire.VARINT),
        12: _one("doc_string"),
        13: _many("external_data"),
        14: _one("data_location", Wire.VARINT),
        16: _many("metadata_props"),
    },
    _runs(
        RunPattern.of(4, Wire.FIXED32),
        *(RunPattern.of(number, Wire.VARINT) for number in (5, 7, 11)),
        RunPattern.of(10, Wire.FIXED64),
    ),
)
SPARSE_TENSOR = MessageSpec(
    "SparseTensorProto",
    {1: _one("values"), 2: _one("indices"), 3: _many("dims", Wire.VARINT)},
)
VALUE_INFO = MessageSpec(
    "ValueInfoProto",
    {1: _one("name"), 2: _one("type"), 3: _one("doc_string"), 4: _many("metadata_props")},
)
TYPE = MessageSpec(
    "TypeProto",
    {
        1: _one("tensor_type"),
        4: _one("sequence_type"),
        5: _one("map_type"),
        6: _one("denotation"),
        7: _one("opaque_type"),
        8: _one("sparse_tensor_type"),
        9: _one("optional_type"),
    },
)
TENSOR_TYPE = MessageSpec("TypeProto.Tensor", {1: _one("elem_type", Wire.VARINT), 2: _one("shape")})
ELEMENT_TYPE = MessageSpec("TypeProto.Sequence", {1: _one("type")})
"""Of TypeProto.Optional too."""

MAP_TYPE = MessageSpec("TypeProto.Map", {1: _one("key_type", Wire.VARINT), 2: _one("type")})
SHAPE = MessageSpec("TensorShapeProto", {1: _many("dim")})
DIMENSION = MessageSpec(
    "TensorShapeProto.Dimension",
    {1: _one("dim_value", Wire.VARINT), 2: _one("dim_param"), 3: _one("denotation")},
)
KEY_VALUE = MessageSpec("StringStringEntryProto", {1: _one("key"), 2: _one("value")})


def message_fields(
    wire: WireReader, message: MessageSpec, start: int, end: int
) -> Iterator[tuple[str, WireField]]:
    """The fields of a message with their names.

    Raises `Refused` for a field that the message does not have, one in another encoding, and one
    that occurs twice but may occur once: protobuf would merge or replace it, and what another
    reader sees could differ from what is counted. A repeated number comes singly or packed.
    """
    seen: set[int] = set()
    for found in wire.fields(start, end, message.runs):
        spec = message.fields.get(found.number)
        if spec is None:
            what = f"{message.name} in {shown(wire.path)} has the unknown field {found.number}."
            raise Refused(RefusalCode.ONNX_UNKNOWN_FIELD, wire.path, what)
        packed = spec.repeated and found.wire is Wire.BYTES
        if found.wire is not spec.wire and not packed:
            raise wire.malformed(f"has {message.name}.{spec.name} in a wrong encoding")
        if not spec.repeated:
            if found.number in seen:
                what = f"{message.name}.{spec.name} occurs twice in {shown(wire.path)}."
                raise Refused(RefusalCode.ONNX_REPEATED_FIELD, wire.path, what)
            seen.add(found.number)
        yield spec.name, found
