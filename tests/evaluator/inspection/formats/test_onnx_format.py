"""What models of every kind count, against the stock ONNX library and the exporters."""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evaluator.inspection import (
    Budget,
    Counts,
    Verdict,
    folder_files,
    gauge,
    inspect_artifact,
)
from tests.evaluator.inspection.artifacts import (
    CountedFile,
    codes,
    memory_files,
    onnx_model,
    onnx_verdict,
)
from tests.evaluator.inspection.onnx.reference import reference_counts

_REFUSED_TYPES = {"UNDEFINED", "DOUBLE", "COMPLEX64", "COMPLEX128"}


def counts_of(verdict: Verdict) -> Counts:
    assert verdict.counts is not None, verdict.refusals
    return verdict.counts


def assert_counts_like_the_reference(model: onnx.ModelProto) -> Counts:
    verdict = onnx_verdict(model)
    counts, reference = counts_of(verdict), reference_counts(model)
    assert (counts.parameters, verdict.tensor_count) == (reference.parameters, reference.tensors)
    assert counts.artifact_bytes == len(model.SerializeToString()) - reference.inert_bytes
    return counts


def tensor(name: str, values: object, dtype: str = "float32") -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, dtype), name)


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize(
    "data_type",
    [value for name, value in TensorProto.DataType.items() if name not in _REFUSED_TYPES],
    ids=TensorProto.DataType.Name,
)
def test_every_type_is_counted_in_either_storage(data_type: int, raw: bool) -> None:
    if data_type == TensorProto.STRING:
        texts: Any = [b"one", b"two", b"", b"four", b"5"]
        made = helper.make_tensor("t", data_type, [5], texts)
    else:
        array = np.zeros(5, helper.tensor_dtype_to_np_dtype(data_type))
        made = numpy_helper.from_array(array, "t")
        if not raw:
            made = helper.make_tensor("t", data_type, [5], array)
    assert (raw and data_type != TensorProto.STRING) == made.HasField("raw_data")
    assert_counts_like_the_reference(onnx_model([made]))


@pytest.mark.parametrize("name", sorted(_REFUSED_TYPES - {"UNDEFINED"}))
def test_wide_types_are_refused(name: str) -> None:
    data_type = TensorProto.DataType.Value(name)
    made = helper.make_tensor("t", data_type, [2], np.zeros(2))
    assert codes(onnx_verdict(onnx_model([made]))) == ["dtype_not_allowed"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["float32", "float16", "int8", "uint8", "int32", "int64", "bool"]),
            st.lists(st.integers(0, 4), max_size=4),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_initializers_count_like_the_reference(
    described: list[tuple[str, list[int], bool]],
) -> None:
    made = []
    for number, (dtype, shape, raw) in enumerate(described):
        assume(0 not in shape or len(shape) == 1)
        array = np.full(shape, -1 if "u" not in dtype else 200).astype(dtype)
        stored = numpy_helper.from_array(array, f"t{number}")
        made.append(
            stored
            if raw
            else helper.make_tensor(stored.name, stored.data_type, shape, array.ravel())
        )
    assert_counts_like_the_reference(onnx_model(made))


@pytest.mark.parametrize(
    "attribute",
    [
        {"value": tensor("c", [1.0, 2.0, 3.0])},
        {"value_float": 1.5},
        {"value_floats": [1.0] * 7},
        {"value_int": -3},
        {"value_ints": [1, -2, 300]},
        {"value_string": b"hello"},
        {"value_strings": [b"hello", b"you"]},
        {
            "sparse_value": helper.make_sparse_tensor(
                tensor("v", [1.0, 2.0]), tensor("i", [3, 5], "int64"), [10]
            )
        },
    ],
    ids=lambda attribute: next(iter(attribute)),
)
def test_constants_count_whatever_attribute_holds_them(attribute: dict[str, Any]) -> None:
    node = helper.make_node("Constant", [], ["y"], **attribute)
    counts = assert_counts_like_the_reference(onnx_model(nodes=[node]))
    assert counts.parameters > 0
    # The operator's domain may be written out, and written after the attribute.
    node.domain = "ai.onnx"
    assert assert_counts_like_the_reference(onnx_model(nodes=[node])).parameters == (
        counts.parameters
    )


def test_sparse_initializers_count_values_and_indices() -> None:
    model = onnx_model()
    model.graph.sparse_initializer.append(
        helper.make_sparse_tensor(
            tensor("v", [1.0, 2.0, 3.0]), tensor("i", [1, 2, 3], "int64"), [100]
        )
    )
    assert assert_counts_like_the_reference(model).parameters == 3 + 3 * 16


def branch(name: str, values: list[float]) -> onnx.GraphProto:
    constant = helper.make_node("Constant", [], [name], value=tensor(name, values))
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, [len(values)])
    return helper.make_graph([constant], name, [], [output], [tensor(f"{name}_w", values)])


def test_subgraphs_of_every_depth_are_counted() -> None:
    inner = helper.make_node(
        "If", ["b"], ["z"], then_branch=branch("c", [1.0] * 5), else_branch=branch("d", [1.0] * 6)
    )
    body = branch("a", [1.0] * 3)
    body.node.append(inner)
    outer = helper.make_node("Loop", ["n", "b"], ["y"], body=body)
    assert assert_counts_like_the_reference(onnx_model(nodes=[outer])).parameters == 28


def test_functions_and_their_defaults_are_counted_once() -> None:
    function = helper.make_function(
        "local",
        "Shift",
        ["x"],
        ["y"],
        [helper.make_node("Constant", [], ["c"], value=tensor("c", [1.0] * 9))],
        [helper.make_opsetid("", 20)],
        attribute_protos=[helper.make_attribute("default", [1.0, 2.0])],
    )
    calls = [helper.make_node("Shift", ["x"], ["y"], domain="local") for _ in range(3)]
    model = onnx_model(nodes=calls, functions=[function])
    assert assert_counts_like_the_reference(model).parameters == 11


def test_training_information_is_counted() -> None:
    model = onnx_model([tensor("w", [1.0])])
    model.training_info.add().algorithm.CopyFrom(branch("a", [1.0] * 4))
    model.training_info[0].initialization.CopyFrom(branch("b", [1.0] * 2))
    assert assert_counts_like_the_reference(model).parameters == 1 + 8 + 4


def test_geometry_is_structure_but_only_as_short_as_geometry_is() -> None:
    convolution = helper.make_node(
        "Conv", ["x", "w"], ["y"], kernel_shape=[3, 3], pads=[1] * 4, strides=[1, 1], group=4
    )
    assert assert_counts_like_the_reference(onnx_model(nodes=[convolution])).parameters == 0
    smuggled = helper.make_node("Transpose", ["x"], ["y"], perm=list(range(1000)))
    assert counts_of(onnx_verdict(onnx_model(nodes=[smuggled]))).parameters == 1000


def test_what_the_graph_can_t_read_is_free_and_nothing_else() -> None:
    """Names are side bytes, to the byte; of documentation there are the tags and lengths alone."""
    plain = counts_of(onnx_verdict(onnx_model([tensor("w", [1.0] * 8)])))
    named = onnx_model([tensor("w", [1.0] * 8)], producer_name="x" * 500)
    documented = onnx_model([tensor("w", [1.0] * 8)])
    helper.set_model_props(documented, {"key": "y" * 700})
    documented.graph.doc_string = "z" * 900
    assert counts_of(onnx_verdict(named)).side_bytes >= plain.side_bytes + 500
    counts = assert_counts_like_the_reference(documented)
    assert plain.side_bytes < counts.side_bytes <= plain.side_bytes + 16
    assert counts.tensor_bits == plain.tensor_bits


def external_model(folder: Path, **options: Any) -> None:
    model = onnx_model([tensor("a", [1.0] * 300), tensor("b", [2] * 300, "int8")])
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, size_threshold=0, **options)


@pytest.mark.parametrize("options", [{"location": "w.data"}, {"all_tensors_to_one_file": False}])
def test_external_data_counts_as_tensor_data(tmp_path: Path, options: dict[str, Any]) -> None:
    external_model(tmp_path, **options)
    files = folder_files(tmp_path)
    counts = counts_of(inspect_artifact(files, format="onnx"))
    names = sum(len(file.path) for file in files if file.path != "model.onnx")
    assert counts.parameters == 300 + 600
    assert counts.tensor_bits == 8 * (1200 + 300)
    assert counts.artifact_bytes == sum(file.size for file in files) + names


def located(name: str, count: int, offset: int, **extra: str) -> onnx.TensorProto:
    made = TensorProto(
        name=name, data_type=TensorProto.FLOAT, dims=[count], data_location=TensorProto.EXTERNAL
    )
    entries = {"location": "w.data", "offset": str(offset), "length": str(4 * count), **extra}
    for key, value in entries.items():
        made.external_data.add(key=key, value=value)
    return made


def test_tied_tensors_count_once_and_holes_are_side_bytes() -> None:
    model = onnx_model([located("a", 10, 0), located("tied", 10, 0), located("b", 5, 64)])
    counts = counts_of(onnx_verdict(model, {"w.data": b"\0" * 100}))
    assert counts.parameters == 15
    assert counts.tensor_bits == 15 * 32
    hole = 100 - 15 * 4
    assert counts.side_bytes == len(model.SerializeToString()) + len("w.data") + hole


def test_large_tensors_are_never_read(tmp_path: Path) -> None:
    """A gigabyte beside the model, and 256 MB in it, cost a few buffers."""
    elements = 2**28
    (tmp_path / "w.data").touch()
    with (tmp_path / "w.data").open("r+b") as stream:
        stream.truncate(4 * elements)
    before = onnx_model([located("outside", elements, 0)])
    inside = TensorProto(name="inside", data_type=TensorProto.FLOAT, dims=[2**26], raw_data=b"")
    content = with_raw_hole(before, inside, 2**28, tmp_path / "model.onnx")
    files = [CountedFile(name, tmp_path / name) for name in ("model.onnx", "w.data")]
    counts = counts_of(inspect_artifact(files, format="onnx"))
    assert counts.parameters == elements + 2**26
    assert counts.side_bytes == content + len("w.data")
    assert sum(files[0].reads) < 64 * 1024
    assert files[1].reads == []


def with_raw_hole(model: onnx.ModelProto, last: TensorProto, size: int, place: Path) -> int:
    """Writes the model with one more tensor whose raw data is a hole in a sparse file.

    Answers with the bytes that are not the hole.
    """

    def key(number: int, length: int) -> bytes:
        encoded = bytearray([number << 3 | 2])
        while length >= 0x80:
            encoded.append(length & 0x7F | 0x80)
            length >>= 7
        return bytes([*encoded, length])

    last.ClearField("raw_data")
    graph = model.graph.SerializeToString()
    head = last.SerializeToString() + key(9, size)
    tensor_head = key(5, len(head) + size) + head
    graph_head = key(7, len(graph) + len(tensor_head) + size) + graph + tensor_head
    model.ClearField("graph")
    content = model.SerializeToString() + graph_head
    with place.open("wb") as stream:
        stream.write(content)
        stream.truncate(len(content) + size)
    return len(content)


def exported(
    module: torch.nn.Module, example: torch.Tensor, folder: Path, **options: Any
) -> Verdict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn about themselves
        torch.onnx.export(
            module.eval(), (example,), folder / "model.onnx", verbose=False, **options
        )
    return inspect_artifact(folder_files(folder), format="onnx")


class Convolutional(torch.nn.Module):
    """Convolution, normalisation with its counter, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(1, 4, 3, padding=1),
            torch.nn.BatchNorm2d(4),
            torch.nn.ReLU(),
            torch.nn.Flatten(),
            torch.nn.Linear(256, 10),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layers(x)
        return result


DEFAULT_EXPORTS = {
    "linear": (torch.nn.Linear(8, 3), torch.zeros(2, 8)),
    "perceptron": (
        torch.nn.Sequential(torch.nn.Linear(64, 12), torch.nn.ReLU(), torch.nn.Linear(12, 10)),
        torch.zeros(2, 64),
    ),
    "transformer": (
        torch.nn.TransformerEncoder(
            torch.nn.TransformerEncoderLayer(16, 2, 32, batch_first=True),
            2,
            enable_nested_tensor=False,
        ),
        torch.zeros(2, 5, 16),
    ),
}


@pytest.mark.parametrize("name", DEFAULT_EXPORTS)
def test_what_torch_exports_by_default_fits_a_division_of_its_size(
    tmp_path: Path, name: str
) -> None:
    """Small tensors are kept in the model, with an empty file beside it, and nodes say whence."""
    module, example = DEFAULT_EXPORTS[name]
    counts = counts_of(exported(module, example, tmp_path))
    assert (tmp_path / "model.onnx.data").exists()
    own = sum(p.numel() for p in module.parameters())
    assert all(row.fits for row in gauge(counts, Budget(parameters=own + 90)))


@pytest.mark.parametrize("dynamo", [False, True])
def test_what_torch_exports_counts_what_torch_counts(tmp_path: Path, dynamo: bool) -> None:
    linear = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    counts = counts_of(exported(linear, torch.zeros(2, 64), tmp_path, dynamo=dynamo))
    assert counts.parameters == sum(p.numel() for p in linear.parameters())


def test_a_convolutional_network_is_honest(tmp_path: Path) -> None:
    module = Convolutional()
    verdict = exported(module, torch.zeros(2, 1, 8, 8), tmp_path, dynamo=False)
    model = onnx.load(tmp_path / "model.onnx")
    assert counts_of(verdict).parameters == reference_counts(model).parameters
    folded = 4 * 9 + 4 + 256 * 10 + 10  # normalisation is folded into the convolution
    assert counts_of(verdict).parameters == folded


def test_a_recurrent_network_with_attention_is_honest(tmp_path: Path) -> None:
    class Attending(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent = torch.nn.LSTM(8, 8, batch_first=True)
            self.attention = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            result: torch.Tensor = self.attention(self.recurrent(x)[0])
            return result

    verdict = exported(Attending(), torch.zeros(2, 5, 8), tmp_path, dynamo=True)
    model = onnx.load(tmp_path / "model.onnx")
    assert counts_of(verdict).parameters == reference_counts(model).parameters


def test_a_forest_can_t_hide_its_numbers_in_attributes() -> None:
    features, labels = load_digits(return_X_y=True)
    forest = RandomForestClassifier(10, random_state=0).fit(features, labels)
    model = to_onnx(forest, features[:1].astype(np.float32), options={"zipmap": False})
    counts = assert_counts_like_the_reference(model)
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    assert counts.parameters > 5 * nodes


def test_names_of_classes_count_what_they_can_say() -> None:
    features, digits = load_digits(return_X_y=True)
    counts = {}
    for name, labels in (("numbers", digits), ("names", np.array(list("abcdefghij"))[digits])):
        classifier = LogisticRegression(max_iter=1000).fit(features, labels)
        options = {"zipmap": False}
        model = to_onnx(classifier, features[:1].astype(np.float32), options=options)
        counts[name] = assert_counts_like_the_reference(model).parameters
    assert counts["names"] > counts["numbers"] >= 64 * 10 + 10
    assert counts["names"] < counts["numbers"] + 100


def test_what_scikit_learn_keeps_in_64_bits_is_mended_by_other_targets() -> None:
    features, labels = load_digits(return_X_y=True)
    features = features[:50].astype(np.float32)
    targets = labels[:50].astype(np.float64)
    wide = to_onnx(KNeighborsRegressor().fit(features, targets), features[:1])
    (refused,) = onnx_verdict(wide).refusals
    assert refused.code == "dtype_not_allowed"
    assert "float32 targets" in refused.mend
    narrow = KNeighborsRegressor().fit(features, targets.astype(np.float32))
    assert onnx_verdict(to_onnx(narrow, features[:1])).accepted


def test_a_pipeline_of_scikit_learn_is_honest() -> None:
    features, labels = load_digits(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    pipeline.fit(features, labels)
    model = to_onnx(pipeline, features[:1].astype(np.float32))
    counts = assert_counts_like_the_reference(model)
    assert counts.parameters >= 64 * 10 + 10 + 2 * 64


def test_text_may_lie_beside_a_model() -> None:
    model = onnx_model([tensor("w", [1.0])])
    alone = counts_of(onnx_verdict(model))
    beside = counts_of(onnx_verdict(model, {"README.md": b"# A model\n"}))
    assert beside.side_bytes == alone.side_bytes + len("README.md") + len(b"# A model\n")


def test_an_import_that_is_not_used_is_harmless() -> None:
    model = onnx_model([tensor("w", [1.0])])
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    assert onnx_verdict(model).accepted


def test_operators_of_classical_machine_learning_are_allowed() -> None:
    node = helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", offset=[1.0], scale=[2.0])
    assert assert_counts_like_the_reference(onnx_model(nodes=[node])).parameters == 2


def test_the_biggest_tensors_are_listed_first() -> None:
    made = [tensor(f"t{number}", [1.0] * (number + 1)) for number in range(100)]
    verdict = onnx_verdict(onnx_model(made))
    assert verdict.tensor_count == 100
    assert [t.name for t in verdict.tensors] == [f"t{number}" for number in range(99, 35, -1)]


def test_a_broken_store_is_not_taken_for_a_bad_model() -> None:
    """An error of the storage says nothing about the artifact, so it passes through."""

    class Broken:
        path, size = "model.onnx", 10

        def open(self) -> io.BytesIO:
            raise OSError("the store is away")

    with pytest.raises(OSError, match="away"):
        inspect_artifact([*memory_files({"a.txt": b""}), Broken()], format="onnx")
