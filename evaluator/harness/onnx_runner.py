"""Runs ONNX models with onnxruntime. No participant code runs."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import LoadError, ModelError
from evaluator.harness.runners import (
    ArraySpec,
    Inputs,
    InputSpec,
    LoadOptions,
    Model,
    Outputs,
    TextSpec,
)

MODEL_FILE = "model.onnx"
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

OUT_OF_MEMORY_SIGNS = ("Failed to allocate memory", "bad_alloc", "bad allocation")
FATAL_ONLY = 4

OPENED_FILES = Path("/proc/self/fd")
"""By it onnxruntime makes sure that external data lies in the model's folder. The embedded fallback
has none."""


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
            _raise_out_of_memory(error)
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


class OnnxRunner:
    """Opens `model.onnx`, or the only `.onnx` file of the folder."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    def warm_up(self) -> None:
        """Import onnxruntime; it starts no threads before a session is opened."""
        import onnxruntime

        onnxruntime.set_default_logger_severity(FATAL_ONLY)

    def load(self, folder: Path, options: LoadOptions) -> Model:
        """Open a session that writes nothing to disk. Raises `LoadError`."""
        import onnxruntime

        from evaluator.harness.onnx_language_model import language_model

        session_options = onnxruntime.SessionOptions()
        session_options.intra_op_num_threads = self._threads
        session_options.inter_op_num_threads = 1
        session_options.log_severity_level = FATAL_ONLY
        session_options.enable_profiling = False
        # Spinning threads burn the CPU share that the next batch needs.
        session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        if options.device.startswith("cuda"):
            providers.insert(0, "CUDAExecutionProvider")
        try:
            model = _model_file(folder)
            held = [] if OPENED_FILES.exists() else _hand_over(session_options, model)
            session = onnxruntime.InferenceSession(
                str(model), sess_options=session_options, providers=providers
            )
            del held  # what the session needs of them it has copied
        except LoadError:
            raise
        except Exception as error:  # onnxruntime's own types differ from build to build
            _raise_out_of_memory(error)
            raise LoadError(f"onnxruntime could not open the model: {error}") from error
        if options.task_type == "language-modelling":
            return language_model(session)
        return _checked(session, options.inputs)


def _model_file(folder: Path) -> Path:
    if (folder / MODEL_FILE).is_file():
        return folder / MODEL_FILE
    files = sorted(folder.glob("*.onnx"))
    if len(files) != 1:
        raise LoadError(
            f"The artifact holds {len(files)} .onnx files at its top. Name the model {MODEL_FILE}."
        )
    return files[0]


def _hand_over(session_options: Any, model: Path) -> list[mmap.mmap]:
    """Give onnxruntime the files beside the model, to be held until the session is open.

    It finds tensors in them by the names that the model has for them, and opens no file then.
    Older releases of it, which need no such help, have no way to take it.
    """
    held: list[mmap.mmap] = []
    if not hasattr(session_options, "add_external_initializers_from_files_in_memory"):
        return held
    names = []
    for path in sorted(model.parent.rglob("*")):
        if path != model and path.is_file() and path.stat().st_size:
            with path.open("rb") as file:
                held.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            names.append(path.relative_to(model.parent).as_posix())
    if names:
        lengths = [len(content) for content in held]
        session_options.add_external_initializers_from_files_in_memory(names, held, lengths)
    return held


def _checked(session: Any, inputs: InputSpec) -> OnnxModel:
    """The model, if it takes what the competition gives: of texts, their bytes as `as_bytes`."""
    text_bytes = inputs.max_bytes if isinstance(inputs, TextSpec) else 0
    due = ArraySpec((text_bytes,), "uint8") if isinstance(inputs, TextSpec) else inputs
    given = session.get_inputs()
    expected = f"{due.dtype} [batch, {', '.join(map(str, due.shape))}]"
    if len(given) != 1:
        raise LoadError(
            f"The model has {len(given)} inputs; the competition gives one, {expected}."
        )
    taken = given[0]
    shape = list(taken.shape)
    dtype = DTYPES.get(taken.type)
    fits = len(shape) == len(due.shape) + 1 and all(
        not isinstance(have, int) or have == want
        for have, want in zip(shape[1:], due.shape, strict=True)
    )
    # Bytes are often looked up in a table, for which other integers are needed.
    kinds = "iu" if text_bytes else np.dtype(due.dtype).kind
    if not fits or dtype is None or np.dtype(dtype).kind not in kinds:
        raise LoadError(
            f"The model's input {taken.name!r} is {taken.type} {shape}; the competition gives "
            f"{expected}."
        )
    if isinstance(shape[0], int):
        raise LoadError(
            f"The batch size of the model's input {taken.name!r} is fixed at {shape[0]}. Export "
            "it with a dynamic first axis (torch.onnx.export: dynamic_axes or dynamic_shapes)."
        )
    return OnnxModel(session, input_name=taken.name, dtype=dtype, text_bytes=text_bytes)


def _raise_out_of_memory(error: Exception) -> None:
    if any(sign in str(error) for sign in OUT_OF_MEMORY_SIGNS):
        raise MemoryError(str(error)) from error
