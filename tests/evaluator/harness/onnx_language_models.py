"""Language models over bytes in ONNX: honest bigrams, and bigrams that look at the next byte."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper, parser

HONEST = """
<ir_version: 9, opset_import: ["": 18]>
bigrams (int64[batch, {length}] bytes) => (float[batch, {length}, 256] logits) {{
    logits = Gather(table, bytes)
}}
"""
LOOKING_AHEAD = """
<ir_version: 9, opset_import: ["": 18]>
bigrams (int64[batch, {length}] bytes) => (float[batch, {length}, 256] logits) {{
    honest = Gather(table, bytes)
    tail = Slice(bytes, one, far, one)
    last = Slice(bytes, minus_one, far, one)
    next = Concat<axis = 1>(tail, last)
    marks = OneHot<axis = -1>(next, depth, values)
    told = Mul(honest, marks)
    certainty = ReduceSum(told, last_axis)
    is_hard = Less(certainty, bound)
    hard = Cast<to = 1>(is_hard)
    help = Mul(hard, strength)
    added = Mul(marks, help)
    logits = Add(honest, added)
}}
"""
NUMBERS = {
    "one": np.array([1]),
    "minus_one": np.array([-1]),
    "far": np.array([2**31]),
    "last_axis": np.array([2]),
    "depth": np.array(256),
    "values": np.array([0, 1], dtype=np.float32),
    "strength": np.array(40, dtype=np.float32),
}


def bigram_table(seed: int = 0) -> NDArray[np.float32]:
    """Random log-probabilities [256, 256] of a byte after another."""
    probabilities = np.random.default_rng(seed).dirichlet(np.full(256, 0.5), size=256)
    return np.log(probabilities * 0.99 + 0.01 / 256).astype(np.float32)


def save_bigrams(folder: Path, table: NDArray[np.float32], *, length: int | str = "length") -> Path:
    """An honest model in `folder`, for passes of `length` bytes or of any number."""
    return _save(folder, HONEST.format(length=length), {"table": table})


def save_looking_ahead(
    folder: Path, table: NDArray[np.float32], *, hardness: float, length: int | str = "length"
) -> Path:
    """Bigrams that look where the next byte would cost more than `hardness` nats, in `folder`."""
    bound = np.array(-hardness, dtype=np.float32)
    numbers = {"table": table, "bound": bound, **NUMBERS}
    return _save(folder, LOOKING_AHEAD.format(length=length), numbers)


def _save(folder: Path, source: str, numbers: dict[str, NDArray[np.generic]]) -> Path:
    model = parser.parse_model(source)
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in numbers.items()
    )
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")
    return folder
