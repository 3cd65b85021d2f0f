"""The formats of an artifact, and what each has to do to be run.

A runner is named here and imported when it is asked for, so a process for one format never pays
for the runtime of another.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Inputs = NDArray[np.generic] | list[str]
"""The examples of a batch: an array [n, *shape], or n texts."""

Outputs = Mapping[str, NDArray[np.generic] | list[str]]
"""What a model answered to a batch, by name: arrays whose first axis is the examples, or texts."""


@dataclass(frozen=True)
class ArraySpec:
    """What one example looks like: its shape without the batch axis, and its NumPy dtype."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class TextSpec:
    """Each example is a text of at most `max_bytes` bytes of UTF-8, without NUL."""

    max_bytes: int


InputSpec = ArraySpec | TextSpec


def input_spec(described: Mapping[str, Any]) -> InputSpec:
    """What the setting `input` of a task describes."""
    if "text" in described:
        return TextSpec(int(described["text"]["max_bytes"]))
    return ArraySpec(shape=tuple(described["shape"]), dtype=described["dtype"])


@dataclass(frozen=True)
class LoadOptions:
    """What a competition gives to every model: its task, and a device in torch's notation."""

    task_type: str
    settings: Mapping[str, Any]
    inputs: InputSpec
    device: str


class Model(Protocol):
    """A loaded model."""

    def predict(self, inputs: Inputs, kind: str = "") -> Outputs:
        """The model's outputs by name.

        `kind` says of texts to embed what they are, `query` or `document`. Raises `ModelError`,
        or whatever the model's own code raises.
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


@runtime_checkable
class ForkingRunner(Runner, Protocol):
    """Runs models that bring no code, each in a fork of a process that is warm."""

    def rehearse(self) -> None:
        """Load a tiny model and run it, so that no child pays again for what is done but once.

        Starts no thread and opens no GPU.
        """
        ...


RUNNERS = {
    "onnx": ("evaluator.harness.onnx_runner", "OnnxRunner"),
    "python": ("evaluator.harness.python_runner", "PythonRunner"),
    "transformers": ("evaluator.harness.transformers_runner", "TransformersRunner"),
}


def runner_for(format_name: str, *, threads: int) -> Runner:
    """The runner of a format. Raises `KeyError` for one that is not registered."""
    module, name = RUNNERS[format_name]
    return cast(Runner, getattr(importlib.import_module(module), name)(threads=threads))
