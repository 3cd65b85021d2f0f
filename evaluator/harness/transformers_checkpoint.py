"""Loads what `save_pretrained` wrote, and believes nothing of it: no code, no gaps, no surplus.

transformers fills a tensor that the files do not hold with random numbers. Under a fixed seed
those would be parameters that nobody counted, so a checkpoint that does not fit its model exactly
is refused.
"""

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluator.harness.errors import LoadError, TensorsMismatch
from evaluator.harness.out_of_memory import raise_out_of_memory

TOKENIZER_FILE = "tokenizer.json"
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    # No threads of theirs: a process that forks must have one, and torch's are set explicitly.
    "HF_DEACTIVATE_ASYNC_LOAD": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
LOCAL: Mapping[str, Any] = {"trust_remote_code": False, "local_files_only": True}
NAMED_TENSORS = 5


def import_transformers() -> Any:
    """The library, told before its first import to reach for nothing outside of this machine."""
    os.environ.update(OFFLINE)
    transformers: Any = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    return transformers


def load_config(folder: Path) -> Any:
    """The configuration. Raises `LoadError`."""
    transformers = import_transformers()
    try:
        return transformers.AutoConfig.from_pretrained(folder, **LOCAL)
    except Exception as error:  # the library's errors have no common base
        raise_out_of_memory(error)
        raise LoadError(f"config.json does not describe a known model: {error}") from error


def load_model(folder: Path, config: Any, auto_class: str, *, device: str, dtype: str) -> Any:
    """The model that `auto_class` makes of the configuration, ready to be run.

    `dtype` is one of torch's names. Raises `TensorsMismatch` where the tensors are not exactly
    those of the model, except for tensors that the configuration ties to others, and `LoadError`.
    """
    transformers = import_transformers()
    try:
        model, info = getattr(transformers, auto_class).from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # so that they are told below with the others
            output_loading_info=True,
            **LOCAL,
        )
    except Exception as error:  # as above
        raise_out_of_memory(error)
        raise LoadError(f"transformers could not load the model: {error}") from error
    _refuse_mismatch(type(model).__name__, info)
    return model.to(device).eval()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer that `tokenizer.json` describes, whole and without code of its class.

    Raises `LoadError`.
    """
    transformers = import_transformers()
    if not (folder / TOKENIZER_FILE).is_file():
        raise LoadError(
            f"The artifact has no {TOKENIZER_FILE}. Save the tokenizer as a fast one: "
            "AutoTokenizer.from_pretrained(...).save_pretrained(folder)."
        )
    try:
        return transformers.PreTrainedTokenizerFast.from_pretrained(folder, **LOCAL)
    except Exception as error:  # as above
        raise_out_of_memory(error)
        raise LoadError(f"{TOKENIZER_FILE} could not be loaded: {error}") from error


def context_tokens(config: Any) -> int | None:
    """The most tokens that the model takes at once, None where it has no such limit."""
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx"):
        if isinstance(value := getattr(config, name, None), int) and value > 0:
            return value
    return None


def _refuse_mismatch(model: str, info: Mapping[str, Any]) -> None:
    faults = {
        "missing": sorted(info["missing_keys"]),
        "not part of the model": sorted(info["unexpected_keys"]),
        "of another shape": sorted(str(key[0]) for key in info["mismatched_keys"]),
        "in error": list(info["error_msgs"]),
    }
    told = [
        f"{len(names)} {fault} ({', '.join(names[:NAMED_TENSORS])}"
        f"{', …' if len(names) > NAMED_TENSORS else ''})"
        for fault, names in faults.items()
        if names
    ]
    if told:
        raise TensorsMismatch(
            f"The checkpoint's tensors are not those of {model}: {'; '.join(told)}. Save the model "
            "with save_pretrained of the very class that the task needs."
        )
