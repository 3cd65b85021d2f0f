"""Runs a participant's `model.py`. Only ever in a container."""

import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import LoadError, ModelError
from evaluator.harness.runners import LoadOptions

MODEL_FILE = "model.py"
MODULE_NAME = "model"


class PythonModel:
    """What the participant's `load` returned."""

    def __init__(self, loaded: Any) -> None:
        self._loaded = loaded

    def predict(self, inputs: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        """The result of the participant's `predict`, as one nameless output."""
        result = self._loaded.predict(inputs)
        if hasattr(result, "detach"):  # a torch tensor, perhaps on a GPU or with a gradient
            result = result.detach().cpu()
        try:
            return {"": np.asarray(result)}
        except (TypeError, ValueError) as error:
            raise ModelError(f"predict() returned no array: {error}") from error


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
        if not callable(getattr(loaded, "predict", None)):
            raise LoadError(
                f"load() in {MODEL_FILE} has to return an object with a method predict(inputs); "
                f"it returned {type(loaded).__name__}."
            )
        return PythonModel(loaded)
