"""Damaged models: whatever we accept, the stock library reads, and counts the same."""

from contextlib import suppress
from typing import Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.evaluator.inspection.artifacts import onnx_model, onnx_verdict
from tests.evaluator.inspection.onnx.reference import reference_counts


def sample() -> bytes:
    """A model with a part of every kind, small enough that a random edit hits each of them."""
    texts: Any = [b"ab", b"c"]
    constant = helper.make_node("Constant", [], ["c"], value_ints=[1, 300, -1])
    body = helper.make_graph([constant], "body", [], [])
    loop = helper.make_node("Loop", ["n"], ["y"], body=body)
    scale = helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", scale=[1.0, 2.0])
    function = helper.make_function(
        "local",
        "F",
        ["x"],
        ["y"],
        [helper.make_node("Relu", ["x"], ["y"])],
        [helper.make_opsetid("", 20)],
    )
    call = helper.make_node("F", ["x"], ["y"], domain="local", a=0.5, b=7, c="abc")
    call.metadata_props.add(key="k", value="v")
    call.doc_string = "doc"
    label = helper.make_node(
        "LabelEncoder", ["x"], ["y"], domain="ai.onnx.ml", values_strings=["a", "bc"]
    )
    model = onnx_model(
        [
            helper.make_tensor("raw", TensorProto.FLOAT, [2, 2], bytes(16), raw=True),
            helper.make_tensor("listed", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0]),
            helper.make_tensor("whole", TensorProto.INT32, [2], [1, -1]),
            helper.make_tensor("text", TensorProto.STRING, [2], texts),
        ],
        [loop, scale, call, label],
        functions=[function],
    )
    model.graph.value_info.append(helper.make_tensor_value_info("y", 1, [2, "n"]))
    return bytes(model.SerializeToString())


SAMPLE = sample()
EDITS = st.lists(
    st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 3), st.binary(max_size=3)),
    min_size=1,
    max_size=3,
)


def edited(edits: list[tuple[int, int, bytes]]) -> bytes:
    content = SAMPLE
    for position, removed, inserted in edits:
        content = content[:position] + inserted + content[position + removed :]
    return content


def assert_agrees(content: bytes) -> bool:
    """Whether the model is accepted; then the stock library must count the same."""
    verdict = onnx_verdict(content)
    assert verdict.accepted is (verdict.counts is not None)
    if verdict.counts is None:
        return False
    assert verdict.counts.artifact_bytes <= len(content)
    with suppress(DecodeError):
        reference = reference_counts(onnx.ModelProto.FromString(content))
        assert verdict.counts.artifact_bytes == len(content) - reference.inert_bytes
        assert verdict.counts.parameters == reference.parameters
        assert verdict.tensor_count == reference.tensors
    return True


def test_the_sample_is_accepted_and_has_every_part() -> None:
    assert assert_agrees(SAMPLE)


def test_every_single_bit_may_flip() -> None:
    accepted = 0
    for position in range(len(SAMPLE)):
        for bit in range(8):
            flipped = bytes([SAMPLE[position] ^ 1 << bit])
            accepted += assert_agrees(SAMPLE[:position] + flipped + SAMPLE[position + 1 :])
    assert accepted > 0


def test_every_truncation_is_survived() -> None:
    for length in range(len(SAMPLE)):
        assert_agrees(SAMPLE[:length])


@settings(max_examples=400, deadline=None)
@given(EDITS)
def test_edits_are_refused_or_counted_like_the_reference(
    edits: list[tuple[int, int, bytes]],
) -> None:
    assert_agrees(edited(edits))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_have_a_verdict(content: bytes) -> None:
    assert_agrees(content)
