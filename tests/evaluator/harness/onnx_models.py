"""Small ONNX models, and what exporters of real libraries write."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def linear(weights: NDArray[np.float32], *, batch: int | str = "n") -> onnx.ModelProto:
    """`logits = x @ weights`."""
    features, classes = weights.shape
    kind = TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["logits"])],
        "linear",
        [helper.make_tensor_value_info("x", kind, [batch, features])],
        [helper.make_tensor_value_info("logits", kind, [batch, classes])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def save(model: onnx.ModelProto, folder: Path, name: str = "model.onnx") -> Path:
    """Write a model into a folder and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / name)
    return folder
