"""Finding among a model's outputs the one that a task asks for."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.runners import Outputs

Shape = tuple[int, ...]


def arrays_of(outputs: Outputs) -> Mapping[str, NDArray[np.generic]]:
    """The outputs that are arrays."""
    return {name: value for name, value in outputs.items() if isinstance(value, np.ndarray)}


def float_output(
    outputs: Outputs, names: Sequence[str], fits: Callable[[Shape], bool]
) -> NDArray[np.float32] | None:
    """The output in floating point whose shape fits, as float32, None if there is none.

    Of several it is the one whose name comes first in `names`; they are compared in lower case.
    """
    fitting = [
        name
        for name, value in arrays_of(outputs).items()
        if value.dtype.kind == "f" and fits(value.shape)
    ]
    if not fitting:
        return None
    order = {name: place for place, name in enumerate(names)}
    chosen = min(fitting, key=lambda name: order.get(name.lower(), len(order)))
    with np.errstate(over="ignore"):  # float64 past float32's range: infinite, which is refused
        return np.ascontiguousarray(outputs[chosen], dtype=np.float32)


def described(outputs: Outputs) -> str:
    """What a model answered, for its log."""
    return ", ".join(_described(name or "result", value) for name, value in outputs.items()) or (
        "nothing"
    )


def _described(name: str, value: NDArray[np.generic] | list[str]) -> str:
    if isinstance(value, np.ndarray):
        return f"{name}: {value.dtype} {list(value.shape)}"
    return f"{name}: {len(value)} texts"
