"""Runs ONNX models with onnxruntime. No participant code runs."""

import mmap
from pathlib import Path
from typing import Any

import numpy as np

from evaluator.harness.errors import LoadError
from evaluator.harness.onnx_language_model import language_model
from evaluator.harness.onnx_model import DTYPES, OnnxModel
from evaluator.harness.out_of_memory import raise_out_of_memory
from evaluator.harness.runners import ArraySpec, InputSpec, LoadOptions, Model, TextSpec

MODEL_FILE = "model.onnx"
PROVIDERS = ["CPUExecutionProvider"]
"""Always the CPU: a build of onnxruntime for CUDA has never been tried here."""

FATAL_ONLY = 4
TINY_MODEL = (
    b'\x08\x08:9\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x10\n\x01x\x12\x0b\n\t\x08\x01\x12\x05\n\x03'
    b"\x12\x01nb\x10\n\x01y\x12\x0b\n\t\x08\x01\x12\x05\n\x03\x12\x01nB\x04\n\x00\x10\x11"
)
"""The model y = x, of float [n], in ONNX: the package that writes such models isn't here."""

OPENED_FILES = Path("/proc/self/fd")
"""By it onnxruntime makes sure that external data lies in the model's folder. The embedded fallback
has none."""


class OnnxRunner:
    """Opens `model.onnx`, or the only `.onnx` file of the folder."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    def warm_up(self) -> None:
        """Import onnxruntime; it starts no threads before a session is opened."""
        # And no more: of what a warm process touches once again, a model is not charged.
        import onnxruntime  # noqa: F401

    def rehearse(self) -> None:
        """See `ForkingRunner`. The first session fills the library's tables of operators.

        In one thread, which is the caller's: none is started.
        """
        import onnxruntime

        session = onnxruntime.InferenceSession(
            TINY_MODEL, sess_options=_session_options(threads=1), providers=PROVIDERS
        )
        session.run(None, {"x": np.zeros(1, dtype=np.float32)})

    def load(self, folder: Path, options: LoadOptions) -> Model:
        """Open a session that writes nothing to disk. Raises `LoadError`."""
        import onnxruntime

        session_options = _session_options(self._threads)
        try:
            model = _model_file(folder)
            held = [] if OPENED_FILES.exists() else _hand_over(session_options, model)
            session = onnxruntime.InferenceSession(
                str(model), sess_options=session_options, providers=PROVIDERS
            )
            del held  # what the session needs of them it has copied
        except LoadError:
            raise
        except Exception as error:  # onnxruntime's own types differ from build to build
            raise_out_of_memory(error)
            raise LoadError(f"onnxruntime could not open the model: {error}") from error
        if options.task_type == "language-modelling":
            return language_model(session)
        return _checked(session, options.inputs)


def _session_options(threads: int) -> Any:
    import onnxruntime

    onnxruntime.set_default_logger_severity(FATAL_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    options.enable_profiling = False
    # Spinning threads burn the CPU share that the next batch needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


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
