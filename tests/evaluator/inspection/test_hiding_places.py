"""No place of an artifact holds a byte that nobody counts.

Each place gets random bytes, as they are or as text, in an artifact that is well formed otherwise.
Either it is refused, or every byte of it is weighed: numbers as tensors, which are parameters, the
rest as side bytes. What documents a graph weighs nothing: no operator can read it.
"""

import io
import json
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from onnx import (
    FunctionProto,
    ModelProto,
    StringStringEntryProto,
    TensorProto,
    helper,
    numpy_helper,
)

from evaluator.inspection import FORMATS, inspect_artifact
from evaluator.inspection.files.text_files import compressed_source_bytes
from tests.evaluator.inspection.artifacts import (
    MODEL_SOURCE,
    codes,
    memory_files,
    onnx_model,
    safetensors_bytes,
)
from tests.evaluator.inspection.checkpoints import CONFIG, checkpoint

BYTES = 1024
NOISE = random.Random(7).randbytes(BYTES)
TEXT = NOISE.hex()
NUMBERS = [float(number) for number in np.frombuffer(NOISE, dtype=np.uint8)]
FLOATS = np.frombuffer(NOISE, dtype=np.float32)
Files = Mapping[str, bytes]


def weight(name: str = "w", count: int = 8) -> TensorProto:
    return numpy_helper.from_array(np.ones(count, dtype=np.float32), name)


def node(**attributes: Any) -> Any:
    return helper.make_node("Relu", ["x"], ["y"], **attributes)


def onnx_files(change: Callable[[ModelProto], object], **files: bytes) -> Files:
    model = onnx_model([weight()], [node()], ir_version=10)
    change(model)
    return {"model.onnx": model.SerializeToString(), **files}


def graph_of_noise() -> Any:
    noise = numpy_helper.from_array(FLOATS, "noise")
    return helper.make_graph([node()], "inner", [], [], initializer=[noise])


def function(**fields: Any) -> Any:
    imports = [helper.make_opsetid("", 18)]
    made = helper.make_function("own", "f", ["x"], ["y"], [node()], imports)
    made.MergeFrom(FunctionProto(**fields))
    return made


def entry() -> StringStringEntryProto:
    return StringStringEntryProto(key="key", value=TEXT)


def props(message: Any) -> None:
    message.metadata_props.append(entry())


def default_of_function(model: ModelProto) -> None:
    """The name is that of a list that describes geometry, in an operator of ONNX."""
    default = helper.make_attribute("scales", NUMBERS[:16])
    model.functions.append(function(attribute_proto=[default]))


def call(**attributes: Any) -> Callable[[ModelProto], None]:
    """A call of a function that may read all attributes."""

    def change(model: ModelProto) -> None:
        model.functions.append(function())
        model.graph.node.append(helper.make_node("f", ["x"], ["y"], domain="own", **attributes))

    return change


def classical(operator: str, **attributes: Any) -> Callable[[ModelProto], None]:
    made = helper.make_node(operator, ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    return lambda model: model.graph.node.append(made)


def shapes_without_elements(model: ModelProto) -> None:
    model.graph.initializer.append(
        TensorProto(name="e", data_type=TensorProto.FLOAT, dims=[0, *map(int, NUMBERS[:63])])
    )


def shape_of_sparse(*dims: int) -> Callable[[ModelProto], None]:
    def change(model: ModelProto) -> None:
        sparse = model.graph.sparse_initializer.add(dims=dims)
        sparse.values.CopyFrom(numpy_helper.from_array(np.zeros(0, np.float32), "v"))
        sparse.indices.CopyFrom(numpy_helper.from_array(np.zeros(0, np.int64), "i"))

    return change


def declared(rank: int, wrap: Callable[[Any], Any] = lambda shaped: shaped) -> Any:
    """A value of so many dimensions, which Shape reads as they are declared."""
    shaped = helper.make_tensor_type_proto(1, [int(number) + 1 for number in NUMBERS[:rank]])
    return helper.make_value_info("v", wrap(shaped))


def own_function(model: ModelProto) -> None:
    constant = helper.make_node("Constant", [], ["c"], value_floats=NUMBERS)
    made = function()
    made.node.append(constant)
    model.functions.append(made)


def annotate(model: ModelProto) -> None:
    annotation = model.graph.quantization_annotation.add(tensor_name="w")
    annotation.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value=TEXT)


def located(model: ModelProto) -> None:
    place = TensorProto(
        name="e", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
    )
    place.external_data.add(key="location", value="w.data")
    model.graph.initializer.append(place)


def sum_of_external(model: ModelProto) -> None:
    located(model)
    model.graph.initializer[1].external_data.add(key="checksum", value=TEXT)


def denormals(count: int = BYTES // 3) -> np.ndarray:
    """Numbers so small that arithmetic may take them for zero: 23 bits of each are free."""
    return (np.frombuffer(NOISE[: 3 * count] + NOISE[:count], dtype=np.uint32) & 0x7FFFFF).view(
        np.float32
    )


ONNX: Mapping[str, Files] = {
    "model's doc string": onnx_files(lambda m: setattr(m, "doc_string", TEXT)),
    "graph's doc string": onnx_files(lambda m: setattr(m.graph, "doc_string", TEXT)),
    "node's doc string": onnx_files(lambda m: setattr(m.graph.node[0], "doc_string", TEXT)),
    "tensor's doc string": onnx_files(
        lambda m: setattr(m.graph.initializer[0], "doc_string", TEXT)
    ),
    "producer": onnx_files(lambda m: setattr(m, "producer_name", TEXT)),
    "model's metadata": onnx_files(props),
    "graph's metadata": onnx_files(lambda m: props(m.graph)),
    "node's metadata": onnx_files(lambda m: props(m.graph.node[0])),
    "value's metadata": onnx_files(lambda m: props(m.graph.value_info.add(name="v"))),
    "tensor's metadata": onnx_files(lambda m: props(m.graph.initializer[0])),
    "name of a tensor": onnx_files(lambda m: setattr(m.graph.initializer[0], "name", TEXT)),
    "name of a node": onnx_files(lambda m: setattr(m.graph.node[0], "name", TEXT)),
    "name of a value": onnx_files(
        lambda m: m.graph.value_info.append(helper.make_tensor_value_info(TEXT, 1, [1]))
    ),
    "name of a dimension": onnx_files(
        lambda m: m.graph.input.append(helper.make_tensor_value_info("x", 1, [TEXT]))
    ),
    "dimensions of a value": onnx_files(lambda m: m.graph.value_info.append(declared(17))),
    "dimensions of a result": onnx_files(lambda m: m.graph.output.append(declared(17))),
    "dimensions of a function's value": onnx_files(
        lambda m: m.functions.append(function(value_info=[declared(17)]))
    ),
    "dimensions in a sequence": onnx_files(
        lambda m: m.graph.value_info.append(declared(17, helper.make_sequence_type_proto))
    ),
    "dimensions of an option": onnx_files(
        lambda m: m.graph.value_info.append(declared(17, helper.make_optional_type_proto))
    ),
    "dimensions in a map": onnx_files(
        lambda m: m.graph.value_info.append(
            declared(17, lambda shaped: helper.make_map_type_proto(7, shaped))
        )
    ),
    "dimensions in a type": onnx_files(
        lambda m: m.graph.node[0].attribute.add(name="a", type=13, tp=declared(17).type)
    ),
    "few dimensions": onnx_files(lambda m: m.graph.value_info.append(declared(16))),
    "dimensions of no elements": onnx_files(shapes_without_elements),
    "dimensions of a sparse tensor": onnx_files(shape_of_sparse(*map(int, NUMBERS))),
    "dimensions of no sparse elements": onnx_files(shape_of_sparse(0, 2**40)),
    "import": onnx_files(lambda m: m.opset_import.append(helper.make_opsetid(TEXT, 1))),
    "attribute of text": onnx_files(lambda m: m.graph.node.append(node(note=TEXT))),
    "attribute of texts": onnx_files(lambda m: m.graph.node.append(node(notes=[TEXT, TEXT]))),
    "attribute of numbers": onnx_files(lambda m: m.graph.node.append(node(alphas=NUMBERS))),
    "attribute's reference": onnx_files(
        lambda m: m.graph.node[0].attribute.add(name="a", ref_attr_name=TEXT, type=1)
    ),
    "attribute of a type": onnx_files(
        lambda m: m.graph.node[0].attribute.add(
            name="a", type=13, tp=helper.make_tensor_type_proto(1, [TEXT])
        )
    ),
    "attribute of a tensor": onnx_files(
        lambda m: m.graph.node.append(node(t=numpy_helper.from_array(FLOATS, "t")))
    ),
    "many single numbers": onnx_files(
        lambda m: m.graph.node.extend(node(alpha=number) for number in FLOATS)
    ),
    "subgraph": onnx_files(
        lambda m: m.graph.node.append(node(body=graph_of_noise())),
    ),
    "function": onnx_files(own_function),
    "function's default": onnx_files(default_of_function),
    "numbers on a call": onnx_files(call(**{f"a{i}": v for i, v in enumerate(NUMBERS[:500])})),
    "whole numbers on a call": onnx_files(call(**{f"a{i}": i + 1000 for i in range(500)})),
    "text on a call": onnx_files(call(note=TEXT)),
    "texts on a call": onnx_files(call(notes=[TEXT, TEXT])),
    "texts of an encoder": onnx_files(classical("LabelEncoder", values_strings=[TEXT])),
    "text of an encoder": onnx_files(classical("LabelEncoder", default_string=TEXT)),
    "names of classes": onnx_files(classical("LinearClassifier", classlabels_strings=[TEXT])),
    "names of categories": onnx_files(classical("CategoryMapper", cats_strings=[TEXT])),
    "old names of classes": onnx_files(classical("LabelEncoder", classes_strings=[TEXT])),
    "names of modes": onnx_files(classical("TreeEnsembleRegressor", nodes_modes=[TEXT])),
    "geometry": onnx_files(
        lambda m: m.graph.node.append(helper.make_node("Split", ["x"], ["y"], split=[9] * 17))
    ),
    "function's doc string": onnx_files(lambda m: m.functions.append(function(doc_string=TEXT))),
    "function that nobody calls": onnx_files(
        lambda m: m.functions.append(function(name=TEXT)),
    ),
    "training": onnx_files(
        lambda m: m.training_info.add(initialization=graph_of_noise()),
    ),
    "annotation": onnx_files(annotate),
    "one name twice": onnx_files(
        lambda m: m.graph.initializer.append(numpy_helper.from_array(FLOATS, "w"))
    ),
    "tensor that nobody reads": onnx_files(
        lambda m: m.graph.initializer.append(numpy_helper.from_array(FLOATS, "unread"))
    ),
    "denormals": onnx_files(
        lambda m: m.graph.initializer.append(numpy_helper.from_array(denormals(256), "small"))
    ),
    "behind external data": onnx_files(located, **{"w.data": bytes(4) + NOISE}),
    "sum of external data": onnx_files(sum_of_external, **{"w.data": bytes(4)}),
    "text beside it": onnx_files(lambda _: None, **{"notes.txt": TEXT.encode()}),
    "names of files": onnx_files(
        lambda _: None, **{f"{TEXT[at : at + 90]}.txt": b"" for at in range(0, len(TEXT), 90)}
    ),
    "file of no tensor": onnx_files(lambda _: None, **{"w.data": NOISE}),
}


def header(metadata: Mapping[str, str] | None = None, name: str = "w", spaces: int = 0) -> bytes:
    """A safetensors file of one tensor."""
    entries: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    entries[name] = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    return safetensors_bytes(json.dumps(entries).encode() + b" " * spaces, bytes(16))


def beside(**files: bytes) -> Files:
    return checkpoint(files=files)


def with_config(**fields: Any) -> Files:
    return checkpoint(config=fields)


def escaped() -> bytes:
    """JSON in which the way of writing each letter tells a bit, while the value stays the same."""
    bits = "".join(f"{byte:08b}" for byte in NOISE)
    letters = "".join("\\u0061" if bit == "1" else "a" for bit in bits)
    return json.dumps({**CONFIG, "note": "NOTE"}).replace("NOTE", letters).encode()


TOKENIZER = {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
TRANSFORMERS: Mapping[str, Files] = {
    "numbers in the configuration": with_config(numbers=NUMBERS),
    "text in the configuration": with_config(note=TEXT),
    "keys of the configuration": with_config(**{TEXT: 1}),
    "depth of the configuration": with_config(scaling={"long_factor": NUMBERS}),
    "ways to write the configuration": {**checkpoint(), "config.json": escaped()},
    "blanks in the configuration": {
        **checkpoint(),
        "config.json": checkpoint()["config.json"]
        + NOISE.hex()
        .encode()
        .translate(bytes(0x20 if value % 2 else 0x09 for value in range(256))),
    },
    "vocabulary": beside(
        **{
            "tokenizer.json": json.dumps(
                {"model": {"type": "BPE", "vocab": {TEXT: 0}, "merges": []}}
            ).encode()
        }
    ),
    "added tokens": beside(
        **{
            "tokenizer.json": json.dumps(TOKENIZER).encode(),
            "added_tokens.json": json.dumps({TEXT: 1}).encode(),
        }
    ),
    "special tokens": beside(
        **{
            "tokenizer.json": json.dumps(TOKENIZER).encode(),
            "special_tokens_map.json": json.dumps({"bos_token": TEXT}).encode(),
        }
    ),
    "generation": beside(**{"generation_config.json": json.dumps({"x": TEXT}).encode()}),
    "preprocessor": beside(**{"preprocessor_config.json": json.dumps({"x": NUMBERS}).encode()}),
    "card": beside(**{"README.md": TEXT.encode()}),
    "metadata": checkpoint(metadata={"format": "pt", "note": TEXT}),
    "name of a tensor": checkpoint({TEXT[:200]: ("F32", [4]), TEXT[200:400]: ("F32", [4])}),
    "spaces behind the header": {**checkpoint(), "model.safetensors": header(spaces=BYTES)},
    "empty tensors": checkpoint(
        {"w": ("F32", [4]), **{TEXT[at : at + 200]: ("F32", [0]) for at in range(0, 2000, 200)}}
    ),
    "shapes": checkpoint({"w": ("F32", [1] * 1024 + [4])}),
}


def npz(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def npy(array: np.ndarray, padding: bytes = b"") -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue() + padding


SMALL = np.zeros(4, dtype=np.float32)
PYTHON: Mapping[str, Files] = {
    "source": {"model.py": MODEL_SOURCE + f"X = '{TEXT}'\n".encode()},
    "comment": {"model.py": MODEL_SOURCE + f"# {TEXT}\n".encode()},
    "module": {"model.py": MODEL_SOURCE, "more.py": f"X = '{TEXT}'\n".encode()},
    "text": {"model.py": MODEL_SOURCE, "vocab.txt": TEXT.encode()},
    "JSON": {"model.py": MODEL_SOURCE, "config.json": json.dumps({"x": NUMBERS}).encode()},
    "behind an array": {"model.py": MODEL_SOURCE, "w.npy": npy(SMALL, NOISE)},
    "archive's names": {"model.py": MODEL_SOURCE, "w.npz": npz(**{TEXT: npy(SMALL)})},
    "archive's members": {"model.py": MODEL_SOURCE, "w.npz": npz(a=npy(SMALL), b=npy(FLOATS))},
    "behind an archive": {"model.py": MODEL_SOURCE, "w.npz": npz(a=npy(SMALL)) + NOISE},
    "before an archive": {"model.py": MODEL_SOURCE, "w.npz": NOISE + npz(a=npy(SMALL))},
    "denormals": {"model.py": MODEL_SOURCE, "w.npy": npy(denormals(256))},
    "booleans": {
        "model.py": MODEL_SOURCE,
        "w.npy": npy(np.unpackbits(np.frombuffer(NOISE, dtype=np.uint8)).astype(bool)),
    },
    "names of files": {
        "model.py": MODEL_SOURCE,
        **{f"{TEXT[at : at + 90]}.txt": b"" for at in range(0, len(TEXT), 90)},
    },
}

PLACES = {
    f"{name}: {place}": (name, files)
    for name, places in (("onnx", ONNX), ("transformers", TRANSFORMERS), ("python", PYTHON))
    for place, files in places.items()
}
WEIGHS_NOTHING = {
    **{f"onnx: {of}'s doc string": len(TEXT) for of in ("model", "graph", "node", "function")},
    **{f"onnx: {of}'s metadata": entry().ByteSize() for of in ("model", "graph", "node", "value")},
}
"""Places of documentation, and the bytes of it."""

PLAIN = {"onnx": 8, "transformers": 4, "python": 0}
"""Parameters of the artifacts when nothing hides in them."""

MORE_PARAMETERS = {
    "onnx: attribute of numbers": BYTES,
    "onnx: attribute of a tensor": len(FLOATS),
    "onnx: subgraph": len(FLOATS),
    "onnx: function": BYTES,
    "onnx: function's default": 16,
    "onnx: numbers on a call": 500,
    "onnx: whole numbers on a call": 500,
    "onnx: text on a call": 2 * len(TEXT),
    "onnx: texts on a call": 4 * len(TEXT),
    "onnx: texts of an encoder": 2 * len(TEXT),
    "onnx: text of an encoder": 2 * len(TEXT),
    "onnx: names of classes": 2 * len(TEXT),
    "onnx: old names of classes": 2 * len(TEXT),
    "onnx: names of categories": 2 * len(TEXT),
    "onnx: geometry": 17,
    "onnx: training": len(FLOATS),
    "onnx: one name twice": len(FLOATS),
    "onnx: tensor that nobody reads": len(FLOATS),
    "onnx: denormals": 256,
    "onnx: behind external data": 1,
    "onnx: sum of external data": 1,
    "transformers: name of a tensor": 4,
    "python: archive's members": 4 + len(FLOATS),
    "python: denormals": 256,
    "python: booleans": 8 * BYTES * 2,
}
"""What more they count where numbers are readable in bulk. Elsewhere the bytes are side bytes."""

REFUSED = {
    "onnx: dimensions of a value": ["onnx_malformed"],
    "onnx: dimensions of a result": ["onnx_malformed"],
    "onnx: dimensions of a function's value": ["onnx_malformed"],
    "onnx: dimensions in a sequence": ["onnx_malformed"],
    "onnx: dimensions of an option": ["onnx_malformed"],
    "onnx: dimensions in a map": ["onnx_malformed"],
    "onnx: dimensions in a type": ["onnx_malformed"],
    "onnx: dimensions of a sparse tensor": ["onnx_malformed"],
    "onnx: dimensions of no elements": ["zero_size_tensor"],
    "onnx: dimensions of no sparse elements": ["zero_size_tensor"],
    "onnx: file of no tensor": ["unknown_file_kind"],
    "transformers: spaces behind the header": ["safetensors_padding"],
    "transformers: empty tensors": ["zero_size_tensor"],
    "transformers: shapes": ["safetensors_malformed"],
    "python: behind an array": ["npy_size_mismatch"],
    "python: archive's names": ["npz_member"],
    "python: behind an archive": ["npz_malformed"],
    "python: before an archive": ["npz_malformed"],
}


def weight_of(files: Files, entry: str) -> int:
    """Every byte of the files and of all names but the entry's, source being packed."""
    sources = [content for path, content in sorted(files.items()) if path.endswith(".py")]
    others = (len(content) for path, content in files.items() if not path.endswith(".py"))
    names = (len(path) for path in files.keys() - {entry})
    packed = compressed_source_bytes(sources) if sources else 0
    return packed + sum(others) + sum(names)


@pytest.mark.parametrize("place", PLACES)
def test_what_is_hidden_is_weighed_or_refused(place: str) -> None:
    format_name, files = PLACES[place]
    verdict = inspect_artifact(memory_files(files), format=format_name)

    assert codes(verdict) == REFUSED.get(place, [])
    if verdict.counts is not None:
        weight = weight_of(files, FORMATS[format_name].entries[0])
        assert verdict.counts.artifact_bytes == weight - WEIGHS_NOTHING.get(place, 0)
        assert verdict.counts.parameters == PLAIN[format_name] + MORE_PARAMETERS.get(place, 0)


def test_packing_source_loses_nothing() -> None:
    """The control of what source weighs: noise takes its bytes, however it is written."""
    assert compressed_source_bytes([TEXT.encode()]) > BYTES
