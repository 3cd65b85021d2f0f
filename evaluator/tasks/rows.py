"""Predictions that are a row of numbers for each example, checked before they are loaded."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.tasks import npy
from evaluator.tasks.errors import InvalidPredictions


def read_rows(
    path: Path, examples: int, columns: int, *, at_most: bool = False
) -> NDArray[np.floating[Any]]:
    """The rows [examples, columns] of a `.npy` file; with `at_most`, of 1 to `columns` columns.

    The file is hostile. Raises `InvalidPredictions` with the reason `malformed`, `wrong_dtype`,
    `wrong_shape` or `not_finite`.
    """
    try:
        header = npy.read_header(path)
    except npy.MalformedArray as error:
        raise InvalidPredictions(
            "malformed", f"The predictions are no .npy file: {error}."
        ) from error
    if header.dtype.kind != "f" or header.dtype.itemsize not in (2, 4, 8):
        raise InvalidPredictions(
            "wrong_dtype", f"Predictions are float16, float32 or float64, not {header.dtype}."
        )
    fits = len(header.shape) == 2 and header.shape[0] == examples
    least = 1 if at_most else columns
    if not fits or not least <= header.shape[1] <= columns:
        raise InvalidPredictions(
            "wrong_shape",
            f"Predictions have the shape {(examples, columns)}{' or narrower' if at_most else ''}; "
            f"these have {header.shape}.",
        )
    rows: NDArray[np.floating[Any]] = npy.read_array(path)
    if not np.isfinite(rows).all():
        raise InvalidPredictions("not_finite", "Predictions hold NaN or infinity.")
    return rows
