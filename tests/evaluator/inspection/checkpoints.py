"""Checkpoints in memory, as tests make them: a configuration and tensors without data."""

import json
import math
from collections.abc import Mapping
from typing import Any

from evaluator.inspection import Verdict, inspect_artifact
from tests.evaluator.inspection.artifacts import memory_files, safetensors_bytes

CONFIG: Mapping[str, Any] = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}

_BITS = {"BF16": 16, "F16": 16, "F32": 32, "F8_E4M3": 8, "I8": 8, "U8": 8, "I32": 32, "I64": 64}

Shapes = Mapping[str, tuple[str, list[int]]]


def weights_bytes(tensors: Shapes, metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file of zeros, with a type and a shape for each name."""
    header: dict[str, Any] = {"__metadata__": dict(metadata or {"format": "pt"})}
    end = 0
    for name, (dtype, shape) in tensors.items():
        begin, end = end, end + math.prod(shape) * _BITS[dtype] // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    return safetensors_bytes(header, bytes(end))


def checkpoint(
    tensors: Shapes | None = None,
    *,
    config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """The files of a checkpoint, and others beside or instead of them."""
    content = weights_bytes({"w": ("F32", [4])} if tensors is None else tensors, metadata)
    return {
        "config.json": json.dumps({**CONFIG, **(config or {})}).encode(),
        "model.safetensors": content,
        **(files or {}),
    }


def verdict_on(files: Mapping[str, bytes]) -> Verdict:
    """The verdict on files of the format `transformers`."""
    return inspect_artifact(memory_files(files), format="transformers")


def parameters_of_checkpoint(
    tensors: Shapes,
    *,
    config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> int:
    """What a checkpoint with these tensors counts."""
    verdict = verdict_on(checkpoint(tensors, config=config, metadata=metadata))
    assert verdict.counts is not None, verdict.refusals
    return verdict.counts.parameters
