"""The formats of an artifact, and what each has to do to be run.

A runner is named here and imported when it is asked for, so a process for one format never pays
for the runtime of another.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class InputSpec:
    """What one example looks like: its shape without the batch axis, and its NumPy dtype."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class LoadOptions:
    """What a competition gives to every model: its inputs, and a device in torch's notation."""

    inputs: InputSpec
    device: str


class Model(Protocol):
    """A loaded model."""

    def predict(self, inputs: NDArray[np.generic]) -> Mapping[str, NDArray[np.generic]]:
        """The model's outputs by name, for inputs of shape [n, *shape].

        Raises `ModelError`, or whatever the model's own code raises.
        """
        ...


class Runner(Protocol):
    """Runs the models of one format with a given number of threads."""

    def __init__(self, *, threads: int) -> None: ...

    def warm_up(self) -> None:
        """Import the runtime and pay its first-use costs, before any model is known."""
        ...

    def load(self, folder: Path, options: LoadOptions) -> Model:
        """Load the model in `folder`. Raises `LoadError`, or what the model's code raises."""
        ...


RUNNERS = {
    "onnx": ("evaluator.harness.onnx_runner", "OnnxRunner"),
    "python": ("evaluator.harness.python_runner", "PythonRunner"),
}


def runner_for(format_name: str, *, threads: int) -> Runner:
    """The runner of a format. Raises `KeyError` for one that is not registered."""
    module, name = RUNNERS[format_name]
    return cast(Runner, getattr(importlib.import_module(module), name)(threads=threads))
