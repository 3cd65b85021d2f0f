"""ONNX files made to deceive: each is refused with the code that tells why."""

from typing import Any

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from evaluator.inspection import Verdict, inspect_artifact, limits
from tests.evaluator.inspection.artifacts import MemoryFile, codes, onnx_model, onnx_verdict
from tests.evaluator.inspection.onnx.protobuf_bytes import (
    chunk,
    float_tensor,
    model_of,
    number,
    varint,
)


def initializer(*fields: bytes) -> bytes:
    return model_of(chunk(5, *fields))


def node(*fields: bytes) -> bytes:
    return chunk(1, *fields)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 100,
        b"not a model",
        number(1, 10),
        chunk(7),
        model_of()[:-1] + b"\x80",
        model_of(more=chunk(2, b"abc")[:-1]),
        varint(7 << 3 | 2) + varint(2**63),
        varint(0 << 3) + b"\0",
        varint(7 << 3 | 3) + varint(7 << 3 | 4),
        varint(7 << 3 | 6),
        number(1, 10) + number(7, 1),
        initializer(float_tensor(chunk(8, b"\xff\xfe"))),
        initializer(float_tensor(chunk(8, b"x" * 5000))),
        initializer(number(1, -1), number(2, 1)),
        model_of(chunk(15, *[number(3, 1)] * 65)),
        model_of(chunk(15, chunk(3, b"\1" * 65))),
        model_of(chunk(15, number(3, -1))),
        model_of(chunk(15, number(3, 2**40), number(3, 2**40))),
        initializer(number(1, 2**40), number(1, 2**40), number(2, 1)),
        initializer(*[number(1, 1)] * 65, number(2, 1)),
        initializer(chunk(1, b"\1" * 700), number(2, 1)),
        initializer(number(1, 2), number(2, 0), chunk(9, b"\0" * 8)),
        initializer(number(1, 2), number(2, 99), chunk(9, b"\0" * 8)),
        initializer(number(1, 2), number(2, 1), chunk(4, b"\0" * 7)),
        initializer(number(1, 2), number(2, 6), chunk(5, b"\1\x80")),
        initializer(number(1, 2), number(2, 6), chunk(5, b"\x80" * 11 + b"\1\1")),
    ],
)
def test_what_is_no_model_is_malformed(content: bytes) -> None:
    assert codes(onnx_verdict(content)) == ["onnx_malformed"]


@pytest.mark.parametrize(
    "content",
    [
        model_of(more=number(99, 1)),
        model_of(number(3, 1)),
        model_of(node(number(11, 1))),
        initializer(float_tensor(chunk(3, number(1, 0)))),
    ],
)
def test_a_field_that_could_hold_anything_is_refused(content: bytes) -> None:
    assert codes(onnx_verdict(content)) == ["onnx_unknown_field"]


@pytest.mark.parametrize(
    "content",
    [
        model_of(more=chunk(7)),
        initializer(float_tensor(chunk(9, bytes(8)))),
        initializer(float_tensor(number(2, 1))),
        model_of(node(chunk(4, b"Constant"), chunk(4, b"Add"))),
        model_of(node(chunk(5, chunk(5, float_tensor()), chunk(5, float_tensor())))),
    ],
)
def test_a_field_that_readers_would_merge_is_refused(content: bytes) -> None:
    assert codes(onnx_verdict(content)) == ["onnx_repeated_field"]


def mismatched(**fields: Any) -> Verdict:
    made = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[2])
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(made, name).extend(value)
        else:
            setattr(made, name, value)
    return onnx_verdict(onnx_model([made]))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"raw_data": b"\0" * 7},
        {"raw_data": b"\0" * 12},
        {"float_data": [1.0]},
        {"float_data": [1.0, 2.0, 3.0]},
        {"raw_data": b"\0" * 8, "float_data": [1.0, 2.0]},
        {"raw_data": b"\0" * 8, "int64_data": [1]},
        {"float_data": [1.0, 2.0], "string_data": [b"hidden"]},
        {"int32_data": [1, 2]},
        {"data_type": TensorProto.STRING, "raw_data": b"\0" * 8},
        {"data_type": TensorProto.STRING, "string_data": [b"one"]},
        {"data_type": TensorProto.INT4, "int32_data": [1, 2]},
        {"data_type": TensorProto.INT32, "int32_data": [1] * 3},
        {"data_location": 1, "raw_data": b"\0" * 8},
        {"data_location": 1, "float_data": [1.0, 2.0]},
        {"raw_data": b"\0" * 8, "external_data": [onnx.StringStringEntryProto(key="location")]},
    ],
)
def test_data_must_be_what_the_shape_needs_in_one_place(fields: dict[str, Any]) -> None:
    assert codes(mismatched(**fields)) == ["onnx_tensor_mismatch"]


def test_an_unknown_place_or_type_is_not_guessed() -> None:
    """protobuf cuts numbers to 32 bits and ignores unknown enumerators; we accept neither."""
    assert codes(onnx_verdict(initializer(float_tensor(number(14, 2))))) == ["onnx_tensor_mismatch"]
    wrapped = number(1, 2) + number(2, 2**32 + 1) + chunk(9, bytes(8))
    assert codes(onnx_verdict(initializer(wrapped))) == ["onnx_malformed"]


def test_numbers_may_come_one_by_one_or_packed() -> None:
    """protobuf reads both, so both must count."""
    singly = [varint(5 << 3) + varint(value) for value in (1, 300, 70_000)]
    packed = chunk(5, varint(1), varint(300), varint(70_000))
    for stored in ([*singly], [packed], [singly[0], chunk(5, varint(300), varint(70_000))]):
        verdict = onnx_verdict(initializer(number(1, 3), number(2, 6), *stored))
        assert verdict.counts is not None
        assert verdict.counts.parameters == 3 * 8
        assert verdict.counts.tensor_bits == 8 * (1 + 2 + 3)


def test_packed_numbers_are_counted_across_chunks() -> None:
    """More varints than one chunk of the reader holds, of every length."""
    values = [2 ** (index % 63) for index in range(200_000)]
    model = onnx_model([helper.make_tensor("t", TensorProto.INT64, [len(values)], values)])
    verdict = onnx_verdict(model)
    assert verdict.counts is not None
    assert verdict.counts.parameters == 16 * len(values)
    model.graph.initializer[0].dims[0] -= 1
    assert codes(onnx_verdict(model)) == ["onnx_tensor_mismatch"]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 200), min_size=1, max_size=40),
    st.integers(1, 3000),
)
def test_lists_in_attributes_are_counted_across_buffers(ints: list[int], times: int) -> None:
    node = helper.make_node("LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml")
    node.attribute.add(name="keys_int64s").ints.extend(ints * times)
    node.attribute.add(name="values_floats").floats.extend([0.5] * len(ints) * times)
    verdict = onnx_verdict(onnx_model(nodes=[node]))
    assert verdict.counts is not None
    assert verdict.counts.parameters == 2 * len(ints) * times
    payload = sum(len(varint(value)) for value in ints) * times + 4 * len(ints) * times
    assert verdict.counts.tensor_bits == 8 * payload


@pytest.mark.parametrize(
    "attribute",
    [
        varint(8 << 3) + varint(300)[:1],
        varint(8 << 3) + b"\x80" * 10 + b"\1",
        varint(7 << 3 | 5) + b"\0" * 3,
        number(8, 1) * 3 + varint(8 << 3),
        number(8, 1) * 3 + varint(7 << 3),
    ],
)
def test_a_list_that_breaks_off_is_malformed(attribute: bytes) -> None:
    assert codes(onnx_verdict(model_of(node(chunk(5, attribute))))) == ["onnx_malformed"]


def nested(depth: int) -> onnx.ModelProto:
    model = onnx_model()
    graph = model.graph
    for _ in range(depth - 1):
        attribute = graph.node.add(op_type="If").attribute.add(name="then_branch")
        graph = attribute.g
    graph.initializer.append(helper.make_tensor("t", TensorProto.FLOAT, [1], [1.0]))
    return model


def test_types_are_followed_to_a_limit() -> None:
    made = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
    model = onnx_model()
    for depth in range(1, limits.ONNX_MAX_DEPTH + 2):
        model.graph.value_info.add(name="v").type.CopyFrom(made)
        refused = ["onnx_too_deep"] if depth > limits.ONNX_MAX_DEPTH else []
        assert codes(onnx_verdict(model)) == refused
        made = helper.make_sequence_type_proto(made)


def test_graphs_are_followed_to_a_limit() -> None:
    verdict = onnx_verdict(nested(limits.ONNX_MAX_DEPTH))
    assert verdict.counts is not None
    assert verdict.counts.parameters == 1
    assert codes(onnx_verdict(nested(limits.ONNX_MAX_DEPTH + 1))) == ["onnx_too_deep"]


def test_a_flood_of_entries_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ONNX_MAX_ENTRIES", 1000)
    assert codes(onnx_verdict(model_of(node() * 1000))) == ["onnx_too_complex"]
    assert onnx_verdict(model_of(node() * 900)).accepted


def test_a_flood_of_attributes_functions_or_places_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "ONNX_MAX_ATTRIBUTES", 10)
    assert onnx_verdict(model_of(node(chunk(5) * 10))).accepted
    assert codes(onnx_verdict(model_of(node(chunk(5) * 11)))) == ["onnx_too_complex"]
    monkeypatch.setattr(limits, "ONNX_MAX_OPERATORS", 10)
    functions = [chunk(25, chunk(1, b"%d" % index), chunk(10, b"local")) for index in range(11)]
    assert onnx_verdict(model_of(more=b"".join(functions[:10]))).accepted
    assert codes(onnx_verdict(model_of(more=b"".join(functions)))) == ["onnx_too_complex"]
    place = [("location", "w.data")] * 17
    assert codes(external(place, DATA)) == ["onnx_malformed"]


def test_a_flood_of_packed_numbers_is_stopped() -> None:
    size = limits.ONNX_MAX_SCANNED_BYTES + 1
    content = initializer(number(1, size), number(2, 6), chunk(5, bytes(size)))
    assert codes(onnx_verdict(content)) == ["onnx_too_complex"]


@pytest.mark.parametrize(
    "domain",
    [
        "com.microsoft",
        "com.microsoft.nchwc",
        "ai.onnx.preview.training",
        "ai.onnx.training",
        "org.pytorch.aten",
        "evil",
        "AI.ONNX",
        "ai.onnx ",
    ],
)
def test_operators_of_other_domains_are_refused(domain: str) -> None:
    call = helper.make_node("PythonOp", ["x"], ["y"], domain=domain)
    assert codes(onnx_verdict(onnx_model(nodes=[call]))) == ["onnx_unknown_domain"]


@pytest.mark.parametrize("domain", ["com.microsoft", "ai.onnx.preview", "", "ai.onnx"])
def test_a_function_does_not_make_a_runtime_s_operator_its_own(domain: str) -> None:
    function = helper.make_function(
        domain,
        "PythonOp",
        ["x"],
        ["y"],
        [helper.make_node("Relu", ["x"], ["y"])],
        [helper.make_opsetid("", 20)],
    )
    call = helper.make_node("PythonOp", ["x"], ["y"], domain=domain)
    verdict = onnx_verdict(onnx_model(nodes=[call], functions=[function]))
    assert codes(verdict) == ["onnx_unknown_domain"]


def test_a_call_in_a_function_or_subgraph_is_seen() -> None:
    call = helper.make_node("X", ["x"], ["y"], domain="evil")
    function = helper.make_function(
        "local", "F", ["x"], ["y"], [call], [helper.make_opsetid("", 20)]
    )
    assert codes(onnx_verdict(onnx_model(functions=[function]))) == ["onnx_unknown_domain"]
    body = helper.make_graph([call], "body", [], [])
    outer = helper.make_node("Loop", ["n", "b"], ["z"], body=body)
    assert codes(onnx_verdict(onnx_model(nodes=[outer]))) == ["onnx_unknown_domain"]


RANDOM = [
    helper.make_node("RandomNormal", [], ["y"], shape=[1000, 1000], seed=1.0),
    helper.make_node("RandomNormalLike", ["x"], ["y"]),
    helper.make_node("RandomUniform", [], ["y"], shape=[1000, 1000]),
    helper.make_node("RandomUniformLike", ["x"], ["y"]),
    helper.make_node("Bernoulli", ["x"], ["y"]),
    helper.make_node("Multinomial", ["x"], ["y"], domain="ai.onnx"),
    helper.make_node("Dropout", ["x", "", "training"], ["y"]),
]


@pytest.mark.parametrize("draws", RANDOM, ids=lambda draws: draws.op_type)
def test_what_draws_random_numbers_is_refused_wherever_it_is_called(draws: onnx.NodeProto) -> None:
    imports = [helper.make_opsetid("", 20)]
    function = helper.make_function("local", "F", ["x"], ["y"], [draws], imports)
    branch = helper.make_node(
        "If", ["b"], ["z"], then_branch=helper.make_graph([draws], "g", [], [])
    )
    for model in (
        onnx_model(nodes=[draws]),
        onnx_model(nodes=[branch]),
        onnx_model(functions=[function]),
    ):
        assert codes(onnx_verdict(model)) == ["onnx_random"]


def test_what_only_sounds_random_is_not() -> None:
    """Dropout does nothing unless it trains, and a function is what its body is."""
    relu = helper.make_node("Relu", ["x"], ["y"])
    imports = [helper.make_opsetid("", 20)]
    function = helper.make_function("local", "Bernoulli", ["x"], ["y"], [relu], imports)
    calls = [
        helper.make_node("Bernoulli", ["x"], ["y"], domain="local"),
        helper.make_node("Dropout", ["x"], ["y"]),
        helper.make_node("Dropout", ["x", "ratio", ""], ["y"]),
    ]
    assert onnx_verdict(onnx_model(nodes=calls, functions=[function])).accepted


def test_a_flood_of_metadata_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ONNX_MAX_INERT_BYTES", 100)
    assert onnx_verdict(model_of(chunk(10, bytes(60)), more=chunk(6, bytes(40)))).accepted
    flood = model_of(chunk(10, bytes(60)), more=chunk(6, bytes(41)))
    assert codes(onnx_verdict(flood)) == ["onnx_too_complex"]


def external(entries: list[tuple[str, str]], files: dict[str, bytes], count: int = 2) -> Verdict:
    made = TensorProto(
        name="t", data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL
    )
    for key, value in entries:
        made.external_data.add(key=key, value=value)
    return onnx_verdict(onnx_model([made] * count), files)


DATA = {"w.data": bytes(16)}
PLACE = [("location", "w.data")]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("location", "/etc/passwd")], "onnx_external_data_outside"),
        ([("location", "../w.data")], "onnx_external_data_outside"),
        ([("location", "./w.data")], "onnx_external_data_outside"),
        ([("location", "a\\..\\w.data")], "onnx_external_data_outside"),
        ([("location", "*/_ORT_MEM_ADDR_/*")], "onnx_external_data_outside"),
        ([("location", "")], "onnx_external_data_outside"),
        ([("location", "W.data")], "onnx_external_data_missing"),
        ([("location", "other.data")], "onnx_external_data_missing"),
        ([("location", "model.onnx")], "onnx_external_data_malformed"),
        ([], "onnx_external_data_malformed"),
        ([("offset", "0")], "onnx_external_data_malformed"),
        ([*PLACE, *PLACE], "onnx_external_data_malformed"),
        ([*PLACE, ("offset", "-4")], "onnx_external_data_malformed"),
        ([*PLACE, ("offset", "0x4")], "onnx_external_data_malformed"),
        ([*PLACE, ("offset", "٤")], "onnx_external_data_malformed"),
        ([*PLACE, ("offset", "9" * 30)], "onnx_external_data_malformed"),
        ([*PLACE, ("basepath", "/")], "onnx_external_data_malformed"),
        ([*PLACE, ("offset", "9")], "onnx_external_data_range"),
        ([*PLACE, ("offset", "9" * 19)], "onnx_external_data_range"),
        ([*PLACE, ("length", "7")], "onnx_external_data_range"),
        ([*PLACE, ("length", "16")], "onnx_external_data_range"),
    ],
)
def test_external_data_lies_in_the_artifact(entries: list[tuple[str, str]], code: str) -> None:
    assert codes(external(entries, DATA)) == [code]


def two_places(first: int, second: int, second_type: int = TensorProto.FLOAT) -> Verdict:
    tensors = []
    for offset, data_type in ((first, TensorProto.FLOAT), (second, second_type)):
        made = TensorProto(
            name="t", data_type=data_type, dims=[2], data_location=TensorProto.EXTERNAL
        )
        made.external_data.add(key="location", value="w.data")
        made.external_data.add(key="offset", value=str(offset))
        tensors.append(made)
    return onnx_verdict(onnx_model(tensors), DATA)


def test_tensors_share_their_bytes_whole_or_not_at_all() -> None:
    assert two_places(0, 8).accepted
    assert two_places(8, 8).accepted
    assert codes(two_places(0, 4)) == ["onnx_external_data_overlap"]
    assert codes(two_places(4, 4, TensorProto.INT32)) == ["onnx_external_data_overlap"]


def test_a_file_that_no_tensor_lies_in_is_not_carried_along() -> None:
    model = onnx_model()
    assert codes(onnx_verdict(model, {"w.data": bytes(100)})) == ["unknown_file_kind"]
    assert codes(onnx_verdict(model, {"model.py": b"x = 1"})) == ["unknown_file_kind"]
    assert codes(onnx_verdict(model, {"w.pkl": b"\x80\x04."})) == ["pickle"]
    empty = TensorProto(
        name="t", data_type=TensorProto.FLOAT, dims=[0], data_location=TensorProto.EXTERNAL
    )
    empty.external_data.add(key="location", value="w.data")
    verdict = onnx_verdict(onnx_model([empty]), {"w.data": bytes(100)})
    assert codes(verdict) == ["unknown_file_kind"]
    assert codes(onnx_verdict(model, {"w.raw": b""})) == ["unknown_file_kind"]


def test_a_model_over_two_gibibytes_is_refused_unread() -> None:

    file = MemoryFile("model.onnx", b"", declared=2**31)
    assert codes(inspect_artifact([file], format="onnx")) == ["onnx_too_large"]
    assert file.reads == []
