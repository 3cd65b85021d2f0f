"""Reads the configurations of a checkpoint, and refuses what would load code or other files."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from evaluator.inspection import limits
from evaluator.inspection.files.strict_json import read_json_object
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "trust_remote_code"})
"""By which transformers finds classes outside of itself, or is told that it may."""

_TEMPLATE_KEY = "chat_template"
_WEIGHTS_KEY = "transformers_weights"
"""Names a file of weights that is loaded instead of model.safetensors."""

_QUANTIZATION_KEY = "quantization_config"
_QUANTIZATION_METHODS = frozenset(
    {
        *("awq", "bitsandbytes", "compressed-tensors", "fbgemm_fp8", "fp8", "gptq", "mxfp4"),
        "torchao",
    }
)
"""Those whose packed tensors are recognised, or hold what the rule for their types counts."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")


@dataclass(frozen=True)
class ModelConfig:
    """config.json: which class is built, and all `fields` that say how.

    Fields are claims. What is counted comes from tensors; a field only tells how the loader will
    read them, because the loader reads the same field.
    """

    model_type: str
    architectures: tuple[str, ...]
    fields: Mapping[str, Any]

    @property
    def quantization(self) -> Mapping[str, Any]:
        """How the loader unpacks weights; empty where it does not."""
        found = self.fields.get(_QUANTIZATION_KEY)
        return found if isinstance(found, dict) else {}

    @property
    def quantization_method(self) -> str:
        """The library that unpacks weights, chosen as the loader does; empty where none does."""
        if self.quantization.get("load_in_8bit") or self.quantization.get("load_in_4bit"):
            return "bitsandbytes"
        found = self.quantization.get("quant_method")
        return found if isinstance(found, str) else ""


def read_model_config(reader: ExactReader) -> ModelConfig:
    """Reads config.json. Raises `Refused`."""
    fields = read_config(reader)
    if fields.get(_WEIGHTS_KEY) is not None:
        what = f"{shown(reader.path)} names the weights by {_WEIGHTS_KEY}."
        raise Refused(RefusalCode.TRANSFORMERS_WEIGHTS, reader.path, what)
    model_type, architectures = fields.get("model_type"), fields.get("architectures")
    if not _is_name(model_type):
        raise _malformed(reader.path, "has no model_type")
    if not (
        isinstance(architectures, list) and architectures and all(map(_is_name, architectures))
    ):
        raise _malformed(reader.path, "has no list of architectures")
    config = ModelConfig(model_type, tuple(architectures), fields)
    _check_quantization(reader.path, config)
    return config


def read_config(reader: ExactReader) -> dict[str, Any]:
    """Reads any configuration of a checkpoint. Raises `Refused`."""
    fields = read_json_object(reader, limits.MAX_CONFIG_BYTES)
    for key, value in _entries(fields):
        if not value:
            continue
        if key in _CODE_KEYS:
            what = f"{shown(reader.path)} has the key {key}."
            raise Refused(RefusalCode.TRANSFORMERS_CODE, reader.path, what)
        if key == _TEMPLATE_KEY:
            what = f"{shown(reader.path)} has a chat template."
            raise Refused(RefusalCode.TRANSFORMERS_TEMPLATE, reader.path, what)
    return fields


def _check_quantization(path: str, config: ModelConfig) -> None:
    nested = any(
        key == _QUANTIZATION_KEY and value
        for field in config.fields.values()
        for key, value in _entries(field)
    )
    if nested:
        # The loader takes it for the whole model where there is none at the top.
        what = f"{shown(path)} has a {_QUANTIZATION_KEY} within another object."
        raise Refused(RefusalCode.TRANSFORMERS_QUANTIZATION, path, what)
    claimed = config.fields.get(_QUANTIZATION_KEY)
    if claimed and config.quantization_method not in _QUANTIZATION_METHODS:
        what = f"{shown(path)} names the method “{shown(config.quantization_method)}”."
        raise Refused(RefusalCode.TRANSFORMERS_QUANTIZATION, path, what)


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _entries(value: object) -> Iterator[tuple[str, Any]]:
    """The entries of all objects in `value`, however deep."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, dict):
            yield from current.items()
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)


def _malformed(path: str, what: str) -> Refused:
    what = f"{shown(path)} {what}."
    return Refused(RefusalCode.TRANSFORMERS_CONFIG_MALFORMED, path, what)
