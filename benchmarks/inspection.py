"""Inspection of ten gigabytes of safetensors, against the stock library opening the same file.

The file is sparse: only its header is read, by either.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import safe_open

from evaluator.inspection import folder_files, inspect_artifact

GIGABYTE = 10**9
TENSORS = (300, 4000)
"""As many as a Llama of 32 layers has, and as one with experts has."""


def measure(*, gigabytes: int = 10, repetitions: int = 21) -> dict[str, Any]:
    """Inspect checkpoints of `gigabytes` as an upload is inspected; medians."""
    figures: dict[str, Any] = {"gigabytes": gigabytes}
    for tensors in TENSORS:
        figures |= _measured(gigabytes, tensors, repetitions)
    return figures


def _measured(gigabytes: int, tensors: int, repetitions: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="minigiants-bench-") as name:
        folder = Path(name)
        weights = folder / "model.safetensors"
        _write_checkpoint(weights, gigabytes * GIGABYTE, tensors)

        def inspect() -> None:
            if not inspect_artifact(folder_files(folder), format="transformers").accepted:
                raise RuntimeError("the checkpoint was refused")

        def stock() -> None:
            with safe_open(weights, framework="numpy") as opened:
                for tensor in opened.keys():  # noqa: SIM118  (the handle is no mapping)
                    opened.get_slice(tensor).get_shape()

        inspected, opened = _median(inspect, repetitions), _median(stock, repetitions)
    return {
        f"{tensors:,} tensors: inspection (ms)": 1000 * inspected,
        f"{tensors:,} tensors: stock library (ms)": 1000 * opened,
        f"{tensors:,} tensors: ratio": inspected / opened,
    }


def _write_checkpoint(weights: Path, size: int, tensors: int) -> None:
    rows = size // tensors // (4 * 4096)
    each = 4 * 4096 * rows
    header = {
        f"model.layers.{number // 9}.part_{number % 9}.weight": {
            "dtype": "F32",
            "shape": [rows, 4096],
            "data_offsets": [number * each, (number + 1) * each],
        }
        for number in range(tensors)
    }
    text = json.dumps(header).encode()
    with weights.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        stream.truncate(8 + len(text) + tensors * each)
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    (weights.parent / "config.json").write_text(json.dumps(config))


def _median(run: Callable[[], None], repetitions: int) -> float:
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)
