"""Packed formats count what they hold, on tensors made here and by arithmetic done here.

Layouts as the libraries write them: bitsandbytes 0.50, torchao 0.18 and compressed-tensors 0.20
through `save_pretrained`, GPTQ and AWQ by their formats.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.evaluator.inspection.artifacts import codes, python_verdict
from tests.evaluator.inspection.checkpoints import (
    Shapes,
    checkpoint,
    parameters_of_checkpoint,
    verdict_on,
    weights_bytes,
)

INPUTS, OUTPUTS, GROUP = 128, 64, 32
WEIGHTS = INPUTS * OUTPUTS
GROUPS = INPUTS // GROUP
NF4 = ".quant_state.bitsandbytes__nf4"


def quantised(method: str, **fields: object) -> Mapping[str, Any]:
    return {"quantization_config": {"quant_method": method, **fields}}


def bitsandbytes_8bit() -> Shapes:
    return {
        "l.weight": ("I8", [OUTPUTS, INPUTS]),
        "l.SCB": ("F32", [OUTPUTS]),
        "l.weight_format": ("U8", []),
    }


def bitsandbytes_4bit(*, storage: str = "U8", storage_bits: int = 8) -> Shapes:
    """With absmax for blocks of 64 weights, itself in eight bits in blocks of 256."""
    return {
        "l.weight": (storage, [WEIGHTS * 4 // storage_bits, 1]),
        "l.weight.absmax": ("U8", [WEIGHTS // 64]),
        "l.weight.quant_map": ("F32", [16]),
        "l.weight.nested_absmax": ("F32", [1]),
        "l.weight.nested_quant_map": ("F32", [256]),
        f"l.weight{NF4}": ("U8", [168]),
    }


def gptq(bits: int) -> Shapes:
    return {
        "l.qweight": ("I32", [INPUTS * bits // 32, OUTPUTS]),
        "l.qzeros": ("I32", [GROUPS, OUTPUTS * bits // 32]),
        "l.scales": ("F16", [GROUPS, OUTPUTS]),
        "l.g_idx": ("I32", [INPUTS]),
    }


def awq(bits: int) -> Shapes:
    return {
        "l.qweight": ("I32", [INPUTS, OUTPUTS * bits // 32]),
        "l.qzeros": ("I32", [GROUPS, OUTPUTS * bits // 32]),
        "l.scales": ("F16", [GROUPS, OUTPUTS]),
    }


def torchao(kind: str) -> tuple[Shapes, Mapping[str, str]]:
    """A weight of torchao's class `kind`, and the metadata that says so."""
    packed = {"Int4Tensor": INPUTS // 2}.get(kind, INPUTS)
    tensors: Shapes = {
        "l._weight_qdata": ("F8_E4M3" if kind == "Float8Tensor" else "I8", [OUTPUTS, packed]),
        "l._weight_scale": ("F32", [OUTPUTS, 1]),
        "l._weight_zero_point": ("I8", [OUTPUTS, 1]),
    }
    described = {"_type": kind, "_data": {"block_size": [1, INPUTS]}, "_tensor_data_names": []}
    return tensors, {
        "format": "pt",
        "l.weight": json.dumps(described),
        "tensor_names": json.dumps(["l.weight"]),
    }


def compressed(bits: int) -> Shapes:
    return {
        "l.weight_packed": ("I32", [OUTPUTS, INPUTS * bits // 32]),
        "l.weight_scale": ("BF16", [OUTPUTS, GROUPS]),
        "l.weight_shape": ("I64", [2]),
    }


def compressed_config(*bits: int, group: int | None = GROUP) -> Mapping[str, Any]:
    groups = {
        f"group_{number}": {"weights": {"num_bits": width, "group_size": group}}
        for number, width in enumerate(bits)
    }
    return quantised("compressed-tensors", format="pack-quantized", config_groups=groups)


def test_bitsandbytes_in_eight_bits() -> None:
    counted = parameters_of_checkpoint(
        bitsandbytes_8bit(), config=quantised("bitsandbytes", load_in_8bit=True)
    )
    scales, mark = OUTPUTS, 1
    assert counted == WEIGHTS + scales + mark


@pytest.mark.parametrize(
    ("storage", "bits"), [("U8", 8), ("I8", 8), ("BF16", 16), ("F32", 32)], ids=str
)
def test_bitsandbytes_in_four_bits_whatever_it_is_stored_as(storage: str, bits: int) -> None:
    """A liar who stores the bytes as floats gains nothing: one float holds up to eight weights."""
    counted = parameters_of_checkpoint(
        bitsandbytes_4bit(storage=storage, storage_bits=bits),
        config=quantised("bitsandbytes", load_in_4bit=True),
    )
    scales = WEIGHTS // 64 + 16 + 1 + 256
    description = 168 * 2
    assert counted == WEIGHTS + scales + description


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_gptq(bits: int) -> None:
    counted = parameters_of_checkpoint(gptq(bits), config=quantised("gptq", bits=bits))
    zeros, scales, indices = GROUPS * OUTPUTS, GROUPS * OUTPUTS, INPUTS * 8
    assert counted == WEIGHTS + zeros + scales + indices


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_awq(bits: int) -> None:
    counted = parameters_of_checkpoint(awq(bits), config=quantised("awq", bits=bits))
    zeros, scales = GROUPS * OUTPUTS, GROUPS * OUTPUTS
    assert counted == WEIGHTS + zeros + scales


@pytest.mark.parametrize("kind", ["Int8Tensor", "IntxUnpackedToInt8Tensor"])
def test_torchao_with_a_byte_a_weight(kind: str) -> None:
    tensors, metadata = torchao(kind)
    counted = parameters_of_checkpoint(tensors, config=quantised("torchao"), metadata=metadata)
    assert counted == WEIGHTS + OUTPUTS + OUTPUTS


def test_torchao_in_four_bits() -> None:
    tensors, metadata = torchao("Int4Tensor")
    counted = parameters_of_checkpoint(tensors, config=quantised("torchao"), metadata=metadata)
    assert counted == WEIGHTS + OUTPUTS + 2 * OUTPUTS


def test_torchao_in_floats_of_eight_bits() -> None:
    tensors, metadata = torchao("Float8Tensor")
    counted = parameters_of_checkpoint(tensors, config=quantised("torchao"), metadata=metadata)
    assert counted == WEIGHTS + OUTPUTS + 2 * OUTPUTS


def test_the_metadata_of_torchao_may_be_as_long_as_it_writes_it() -> None:
    layers = 40
    tensors, one = torchao("Int8Tensor")
    many = {f"m{i}.{name}": shape for i in range(layers) for name, shape in tensors.items()}
    described = json.dumps(json.loads(one["l.weight"]) | {"_data": {"dtype": "x" * 300}})
    metadata = {f"m{i}.l.weight": described for i in range(layers)}
    counted = parameters_of_checkpoint(many, config=quantised("torchao"), metadata=metadata)
    assert counted == layers * (WEIGHTS + 2 * OUTPUTS)
    unquantised = verdict_on(checkpoint(many, metadata=metadata))
    assert codes(unquantised) == ["safetensors_metadata_too_large"]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_compressed_tensors(bits: int) -> None:
    counted = parameters_of_checkpoint(compressed(bits), config=compressed_config(bits))
    scales, shape = OUTPUTS * GROUPS, 2 * 16
    assert counted == WEIGHTS + scales + shape


def unknown(tensors: Shapes) -> int:
    """What the same tensors count by the rule for integers that no format explains."""
    verdict = python_verdict({"w.safetensors": weights_bytes(tensors)})
    assert verdict.counts is not None
    return verdict.counts.parameters


def test_scales_in_eight_bits_need_a_claim() -> None:
    scales = WEIGHTS // 64
    claimed = parameters_of_checkpoint(
        bitsandbytes_4bit(), config=quantised("bitsandbytes", load_in_4bit=True)
    )
    assert parameters_of_checkpoint(bitsandbytes_4bit()) == claimed + scales


EIGHT_BITS: Mapping[str, tuple[Shapes, Mapping[str, Any]]] = {
    "no configuration": (bitsandbytes_8bit(), {}),
    "both widths claimed": (
        bitsandbytes_8bit(),
        quantised("bitsandbytes", load_in_8bit=True, load_in_4bit=True),
    ),
    "no scales": (
        {"l.weight": ("I8", [OUTPUTS, INPUTS])},
        quantised("bitsandbytes", load_in_8bit=True),
    ),
    "scales of other rows": (
        {**bitsandbytes_8bit(), "l.SCB": ("F32", [2])},
        quantised("bitsandbytes", load_in_8bit=True),
    ),
    "unsigned": (
        {**bitsandbytes_8bit(), "l.weight": ("U8", [OUTPUTS, INPUTS])},
        quantised("bitsandbytes", load_in_8bit=True),
    ),
    "gptq without a claim": (gptq(8), {}),
    "gptq, another width claimed": (gptq(8), quantised("gptq", bits=4)),
    "gptq, other widths by layer": (gptq(8), quantised("gptq", bits=8, dynamic={"+:l": {}})),
    "gptq, but loaded by bitsandbytes": (
        gptq(8),
        quantised("gptq", bits=8, load_in_8bit=True),
    ),
    "awq claimed by another name": (awq(8), quantised("bitsandbytes", bits=8)),
    "gptq without indices": (
        {name: shape for name, shape in gptq(8).items() if name != "l.g_idx"},
        quantised("gptq", bits=8),
    ),
    "gptq of other shapes": (
        {**gptq(8), "l.g_idx": ("I32", [2 * INPUTS])},
        quantised("gptq", bits=8),
    ),
    "torchao without metadata": (torchao("Int8Tensor")[0], quantised("torchao")),
    "compressed, widths differ": (compressed(8), compressed_config(8, 4)),
    "compressed, other groups": (compressed(8), compressed_config(8, group=2 * GROUP)),
    "compressed, no groups": (compressed(8), compressed_config(8, group=None)),
}


@pytest.mark.parametrize("case", EIGHT_BITS)
def test_a_width_that_counts_less_needs_tensors_and_configuration(case: str) -> None:
    tensors, config = EIGHT_BITS[case]
    assert parameters_of_checkpoint(tensors, config=config) == unknown(tensors)


DECOY = {"targets": ["re:nothing"], "weights": {"num_bits": 8, "group_size": GROUP // 2}}


@pytest.mark.parametrize(
    "group",
    [
        ["Linear"],
        {"targets": ["Linear"]},
        {"targets": ["Linear"], "weights": "W4A16"},
        {"targets": ["Linear"], "weights": {"num_bits": "4", "group_size": GROUP}},
        {"targets": ["Linear"], "weights": {"num_bits": 4.0, "group_size": GROUP}},
        {"targets": ["Linear"], "weights": {"num_bits": True, "group_size": GROUP}},
        {"targets": ["Linear"], "weights": {"num_bits": 16, "group_size": GROUP}},
    ],
)
def test_a_group_that_is_not_understood_leaves_no_other_believed(group: Any) -> None:
    """Its loader may understand it: as four bits, while the decoy says eight of the same words."""
    config = quantised(
        "compressed-tensors", format="pack-quantized", config_groups={"W4A16": group, "g": DECOY}
    )
    counted = parameters_of_checkpoint(compressed(4), config=config)
    assert counted == parameters_of_checkpoint(compressed(4), config=compressed_config(4))


@pytest.mark.parametrize("kind", ["Int4Tensor", "Tensor", "", "int8tensor"])
def test_torchao_counts_a_byte_a_weight_only_for_classes_that_hold_one(kind: str) -> None:
    tensors, metadata = torchao(kind)
    counted = parameters_of_checkpoint(tensors, config=quantised("torchao"), metadata=metadata)
    assert counted == unknown(tensors)


def test_metadata_on_which_shards_disagree_is_not_believed() -> None:
    tensors, metadata = torchao("Int8Tensor")
    other = {**metadata, "l.weight": json.dumps({"_type": "Int4Tensor"})}
    shards = {
        "a.safetensors": weights_bytes(tensors, metadata),
        "b.safetensors": weights_bytes({"b": ("F32", [4])}, other),
    }
    index = {"weight_map": {**dict.fromkeys(tensors, "a.safetensors"), "b": "b.safetensors"}}
    files = checkpoint(config=quantised("torchao"), files=shards)
    del files["model.safetensors"]
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    verdict = verdict_on(files)
    assert verdict.counts is not None, verdict.refusals
    assert verdict.counts.parameters == unknown(tensors) + 4


@pytest.mark.parametrize("config", [{}, quantised("gptq", bits=8), quantised("awq", bits=4)])
def test_a_width_that_counts_more_needs_no_claim(config: Mapping[str, Any]) -> None:
    """Who hides that words hold sixteen weights each is counted by the shapes around them."""
    counted = parameters_of_checkpoint(gptq(2), config=config)
    assert counted == WEIGHTS + 2 * GROUPS * OUTPUTS + INPUTS * 8
    assert counted > unknown(gptq(2))


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("gptq", "l.qweight"),
        ("awq", "l.qzeros"),
        ("compressed-tensors", "l.weight_packed"),
        ("mxfp4", "experts.up_proj_blocks"),
        ("torchao", "l._weight_qdata"),
    ],
)
@pytest.mark.parametrize(("dtype", "bits"), [("F32", 32), ("BF16", 16)])
def test_words_that_are_stored_as_floats_gain_nothing(
    method: str, name: str, dtype: str, bits: int
) -> None:
    """A float holds 24 bits of an integer, and a loader that expects integers may cast it."""
    tensors = {name: (dtype, [8, 4])}
    assert parameters_of_checkpoint(tensors) == 8 * 4
    counted = parameters_of_checkpoint(tensors, config=quantised(method))
    assert counted == 8 * 4 * bits // 4


@pytest.mark.parametrize(
    "tensors",
    [bitsandbytes_8bit(), gptq(8), awq(8), torchao("Int8Tensor")[0], compressed(8)],
    ids=["bitsandbytes", "gptq", "awq", "torchao", "compressed-tensors"],
)
def test_no_format_is_believed_where_code_of_the_participant_unpacks(tensors: Shapes) -> None:
    config = quantised("gptq", bits=8, load_in_8bit=True)
    files = {"config.json": json.dumps(config).encode(), "w.safetensors": weights_bytes(tensors)}
    verdict = python_verdict(files)
    assert verdict.counts is not None
    assert verdict.counts.parameters == unknown(tensors)
    bytes_of_integers = WEIGHTS
    assert verdict.counts.parameters >= 2 * bytes_of_integers
