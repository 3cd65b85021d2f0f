"""A model in ONNX, once onnxruntime has opened it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import ModelError
from evaluator.harness.out_of_memory import raise_out_of_memory
from evaluator.harness.runners import Inputs, Outputs

DTYPES = {
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(float16)": "float16",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int16)": "int16",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
    "tensor(bool)": "bool",
}
"""onnxruntime's names for the types of inputs that a competition can have."""


class OnnxModel:
    """An open inference session with one input."""

    def __init__(self, session: Any, *, input_name: str, dtype: str, text_bytes: int) -> None:
        """`text_bytes` is the width of texts as arrays."""
        self._session = session
        self._input_name = input_name
        self._dtype = np.dtype(dtype)
        self._text_bytes = text_bytes
        self._output_names = [output.name for output in session.get_outputs()]

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """All outputs of the graph by name. Raises `ModelError` when the graph cannot run."""
        array = as_bytes(inputs, self._text_bytes) if isinstance(inputs, list) else inputs
        fed = np.ascontiguousarray(array, dtype=self._dtype)
        try:
            values = self._session.run(self._output_names, {self._input_name: fed})
        except Exception as error:  # onnxruntime's own types differ from build to build
            raise_out_of_memory(error)
            raise ModelError(f"onnxruntime could not run the model: {error}") from error
        outputs = {}
        for name, value in zip(self._output_names, values, strict=True):
            if not isinstance(value, np.ndarray):
                raise ModelError(
                    f"The output {name!r} is no tensor. Export the model without ZipMap "
                    "(skl2onnx: options={'zipmap': False})."
                )
            outputs[name] = value
        return outputs


def as_bytes(texts: list[str], width: int) -> NDArray[np.uint8]:
    """The texts in UTF-8, padded with zeros: uint8 [n, width]."""
    padded = b"".join(text.encode().ljust(width, b"\0") for text in texts)
    return np.frombuffer(padded, dtype=np.uint8).reshape(len(texts), width)
