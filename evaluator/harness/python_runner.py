"""Runs a participant's `model.py`. Only ever in a container."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import LoadError, ModelError
from evaluator.harness.runners import Inputs, LoadOptions, Outputs

MODEL_FILE = "model.py"
MODULE_NAME = "model"


METHODS = {
    "embedding": ("embed(texts, kind)",),
    "generation": ("generate(prompts, max_bytes)",),
    "language-modelling": ("start(documents)", "step(previous)"),
}
"""What a model is asked by, where it is not `PREDICT`, by task type."""

PREDICT = ("predict(inputs)",)


class PythonModel:
    """What the participant's `load` returned."""

    def __init__(self, loaded: Any, options: LoadOptions) -> None:
        self._loaded = loaded
        self._options = options

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """The result of the participant's method: one nameless array, or `texts`.

        Its inputs are its own to write to, as arrays usually are.
        """
        match self._options.task_type:
            case "generation":
                texts = self._loaded.generate(inputs, self._options.settings["max_bytes"])
                return {"texts": list(texts)}
            case "embedding":
                return {"": _array(self._loaded.embed(inputs, kind))}
            case _:
                own = np.array(inputs) if isinstance(inputs, np.ndarray) else inputs
                return {"": _array(self._loaded.predict(own))}

    def start(self, documents: int) -> NDArray[np.generic]:
        """See `ByteModel`."""
        return _array(self._loaded.start(documents))

    def step(self, previous: NDArray[np.uint8]) -> NDArray[np.generic]:
        """See `ByteModel`."""
        return _array(self._loaded.step(previous))


class PythonRunner:
    """Imports `model.py` and calls its `load(folder, device)`."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    def warm_up(self) -> None:
        """Import torch and run it once: that is most of what a cold start costs."""
        import torch

        torch.set_num_threads(self._threads)
        torch.nn.functional.relu(torch.zeros(8, 8) @ torch.zeros(8, 8)).sum().item()

    def load(self, folder: Path, options: LoadOptions) -> PythonModel:
        """Raises `LoadError` where the file does not keep to the convention."""
        path = folder / MODEL_FILE
        spec = importlib.util.spec_from_file_location(MODULE_NAME, path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise LoadError(f"The artifact has no {MODEL_FILE} at its top.")
        sys.path.insert(0, str(folder))
        module = importlib.util.module_from_spec(spec)
        sys.modules[MODULE_NAME] = module
        spec.loader.exec_module(module)
        load = getattr(module, "load", None)
        if not callable(load):
            raise LoadError(f"{MODEL_FILE} defines no function load(folder, device).")
        loaded = load(folder, options.device)
        for method in METHODS.get(options.task_type, PREDICT):
            if not callable(getattr(loaded, method.partition("(")[0], None)):
                raise LoadError(
                    f"load() in {MODEL_FILE} has to return an object with a method {method}; "
                    f"it returned {type(loaded).__name__}."
                )
        return PythonModel(loaded, options)


def _array(result: Any) -> NDArray[np.generic]:
    if hasattr(result, "detach"):  # a torch tensor, perhaps on a GPU or with a gradient
        result = result.detach().cpu()
    try:
        return np.asarray(result)
    except (TypeError, ValueError) as error:
        raise ModelError(f"The model answered no array: {error}") from error
