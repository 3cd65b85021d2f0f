"""Recognises the packed formats of quantised weights, and at which width they count.

A format is recognised by names, types and shapes of tensors, which must fit together as its loader
needs them. Two rules keep a liar from gaining by it:

- A width of up to four bits counts at least as many parameters as the rule for unknown integers,
  so the tensors alone are enough.
- A width above four bits counts fewer, down to one for each byte. It is believed only where the
  configuration says so too. The loader unpacks by that same field: who claims eight bits for
  weights of four gets a model that does not load.

Layouts as transformers 5.23 loads them: bitsandbytes 0.50, GPTQ and AWQ, torchao 0.18,
compressed-tensors 0.20 (`pack-quantized`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from evaluator.inspection.checkpoint.config import ModelConfig
from evaluator.inspection.checkpoint.weights import Weights
from evaluator.inspection.elements import BITS_PER_INTEGER_PARAMETER, Family
from evaluator.inspection.files.safetensors_header import StoredTensor
from evaluator.inspection.files.strict_json import JsonFault, parse_json

Tensors = Mapping[str, StoredTensor]
Widths = Iterator[tuple[str, int]]

_WORD_BITS = 32
_UNPACKED_NAMES = (".qweight", ".qzeros", ".weight_packed", "_blocks", "_qdata")
"""How names of tensors end that loaders of the known methods unpack."""

_TORCHAO_BYTE_TYPES = frozenset({"Int8Tensor", "IntxUnpackedToInt8Tensor"})
"""The classes of torchao that keep one weight in each byte."""


def packed_widths(weights: Weights, config: ModelConfig) -> dict[str, int]:
    """The width in bits at which tensors count, by the names of those that a loader unpacks."""
    tensors = weights.tensors
    found: dict[str, int] = {}
    for widths in (
        _bitsandbytes_4bit(tensors, config.quantization),
        _bitsandbytes_8bit(tensors, config.quantization),
        _words(tensors, config),
        _torchao(tensors, config, weights.metadata),
        _compressed(tensors, config),
        _words_as_floats(tensors, config),
    ):
        for name, width in widths:
            # Where a tensor fits two layouts the one that holds more is the truth, or the trick.
            found[name] = min(width, found.get(name, width))
    return found


def _bitsandbytes_4bit(tensors: Tensors, claimed: Mapping[str, Any]) -> Widths:
    """Two weights a byte, whatever type the bytes are stored as (`bnb_4bit_quant_storage`).

    Where scales are quantised too (`bnb_4bit_use_double_quant`) they take a byte each.
    """
    for name in tensors:
        weight, _, kind = name.partition(".quant_state.")
        if not kind.startswith("bitsandbytes__") or weight not in tensors:
            continue
        yield weight, 4
        scales = f"{weight}.absmax"
        nested = f"{weight}.nested_absmax" in tensors and _is(tensors, scales, "U8")
        if nested and claimed.get("load_in_4bit"):
            yield scales, 8


def _bitsandbytes_8bit(tensors: Tensors, claimed: Mapping[str, Any]) -> Widths:
    """One weight a byte, with a scale for each row beside it."""
    if not claimed.get("load_in_8bit") or claimed.get("load_in_4bit"):
        return
    for name, scale in tensors.items():
        layer, _, kind = name.rpartition(".")
        weight = tensors.get(f"{layer}.weight")
        if kind == "SCB" and weight is not None and _has_row_scales(weight, scale):
            yield weight.name, 8


def _words(tensors: Tensors, config: ModelConfig) -> Widths:
    """GPTQ and AWQ: words of 32 bits, packed along the inputs (GPTQ) or the outputs (AWQ).

    With b bits, i inputs, o outputs and g groups: `scales` is [g, o], `qzeros` [g, o b / 32],
    `qweight` [i b / 32, o] for GPTQ, with `g_idx` [i], and [i, o b / 32] for AWQ.
    """
    claimed = config.quantization
    # GPTQ's `dynamic` gives layers other widths than `bits`.
    is_claimed = config.quantization_method in {"gptq", "awq"} and not claimed.get("dynamic")
    for name, weight in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind != "qweight":
            continue
        width = _word_width(weight, tensors, layer)
        if width is None:
            continue
        if width <= BITS_PER_INTEGER_PARAMETER or (is_claimed and claimed.get("bits") == width):
            yield name, width
            yield f"{layer}.qzeros", width


def _word_width(weight: StoredTensor, tensors: Tensors, layer: str) -> int | None:
    """The bits of a weight by the shapes around it, or None where they do not fit together."""
    zeros, scales = tensors.get(f"{layer}.qzeros"), tensors.get(f"{layer}.scales")
    if zeros is None or scales is None:
        return None
    if not all(len(tensor.shape) == 2 for tensor in (weight, zeros, scales)):
        return None
    if {weight.element.name, zeros.element.name} != {"I32"}:
        return None
    outputs = scales.shape[1]
    width, rest = divmod(zeros.shape[1] * _WORD_BITS, outputs)
    if rest or not 1 <= width <= 8 or zeros.shape[0] != scales.shape[0]:
        return None
    if weight.shape[1] == zeros.shape[1]:
        return width
    groups_of = tensors.get(f"{layer}.g_idx")
    if groups_of is None or weight.shape[1] != outputs:
        return None
    return width if weight.shape[0] * _WORD_BITS == groups_of.elements * width else None


def _torchao(tensors: Tensors, config: ModelConfig, metadata: Mapping[str, str]) -> Widths:
    """One weight a byte, by the class that `__metadata__` names and the loader builds."""
    if config.quantization_method != "torchao":
        return
    for name, described in metadata.items():
        layer, _, parameter = name.rpartition(".")
        prefix = f"{layer}._{parameter}_"
        data, scale = tensors.get(f"{prefix}qdata"), tensors.get(f"{prefix}scale")
        if data is None or scale is None or not _has_row_scales(data, scale):
            continue
        if _torchao_type(described) in _TORCHAO_BYTE_TYPES:
            yield data.name, 8
            if _is(tensors, f"{prefix}zero_point", "I8"):
                yield f"{prefix}zero_point", 8


def _torchao_type(described: str) -> str | None:
    try:
        parsed = parse_json(described.encode("utf-8"))
    except JsonFault:
        return None
    kind = parsed.get("_type") if isinstance(parsed, dict) else None
    return kind if isinstance(kind, str) else None


def _compressed(tensors: Tensors, config: ModelConfig) -> Widths:
    """compressed-tensors: words of 32 bits, packed along the inputs without a gap.

    With b bits, o outputs and g groups of s inputs: `weight_packed` is [o, g s b / 32] and
    `weight_scale` [o, g].
    """
    schemes = list(_compressed_schemes(config))
    narrowest = min((bits for bits, _ in schemes), default=BITS_PER_INTEGER_PARAMETER)
    for name, weight in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind != "weight_packed" or weight.element.name != "I32" or len(weight.shape) != 2:
            continue
        scale = tensors.get(f"{layer}.weight_scale")
        if narrowest <= BITS_PER_INTEGER_PARAMETER:
            yield name, narrowest
        elif len(schemes) == 1 and scale is not None and len(scale.shape) == 2:
            bits, group_size = schemes[0]
            inputs = scale.shape[1] * group_size
            if weight.shape[1] == -(-inputs * bits // _WORD_BITS):
                yield name, bits


def _compressed_schemes(config: ModelConfig) -> Iterator[tuple[int, int]]:
    """Bits and group size of each scheme; a group size of 0 where there is none.

    A group that is written otherwise may be one that its loader understands, so it counts as one
    that is not known.
    """
    groups = config.quantization.get("config_groups")
    if config.quantization_method != "compressed-tensors" or not isinstance(groups, dict):
        return
    for group in groups.values():
        scheme = group.get("weights") if isinstance(group, dict) else None
        known = scheme if isinstance(scheme, dict) else {}
        bits, group_size = known.get("num_bits"), known.get("group_size")
        if type(bits) is not int or not 1 <= bits <= 8:
            bits = BITS_PER_INTEGER_PARAMETER
        yield bits, group_size if type(group_size) is int and group_size > 0 else 0


def _words_as_floats(tensors: Tensors, config: ModelConfig) -> Widths:
    """What a loader unpacks may be stored as floats, and cast by it: then it counts like integers.

    Floats of eight bits are what they seem: the weights of formats with such floats.
    """
    if not config.quantization:
        return
    for name, tensor in tensors.items():
        is_wide = tensor.element.family is Family.FLOAT and tensor.element.bits > 8
        if is_wide and name.endswith(_UNPACKED_NAMES):
            yield name, BITS_PER_INTEGER_PARAMETER


def _has_row_scales(weight: StoredTensor, scale: StoredTensor) -> bool:
    """Whether this is a matrix of signed bytes with floating-point scales for each of its rows."""
    return (
        weight.element.name == "I8"
        and len(weight.shape) == 2
        and scale.element.family is Family.FLOAT
        and scale.shape[:1] == weight.shape[:1]
    )


def _is(tensors: Tensors, name: str, element: str) -> bool:
    return name in tensors and tensors[name].element.name == element
