"""Counting and checking a file of inputs: a NumPy array, or texts as JSON Lines."""

from pathlib import Path
from types import MappingProxyType

import numpy as np

from evaluator.task_settings import ArrayInput, TextInput
from evaluator.tasks import npy
from evaluator.tasks.errors import InvalidInputs
from evaluator.tasks.text_lines import MalformedLines, Marks, read_lines

ARRAY_SUFFIX, TEXT_SUFFIX = ".npy", ".jsonl"


def count_inputs(
    path: Path, expected: ArrayInput | TextInput, marks: Marks = MappingProxyType({})
) -> int:
    """How many examples an inputs file holds; an array's header is read, texts are read through.

    `marks` stand beside every text, see `read_lines`. Raises `InvalidInputs` with the
    reason `wrong_kind`, `malformed`, `wrong_dtype`, `wrong_shape` or `no_examples`.
    """
    suffix = ARRAY_SUFFIX if isinstance(expected, ArrayInput) else TEXT_SUFFIX
    if path.suffix != suffix:
        raise InvalidInputs("wrong_kind", f"The inputs are {path.name}, no {suffix} file.")
    if isinstance(expected, ArrayInput):
        count = _count_array(path, expected)
    else:
        count = _count_texts(path, expected, marks)
    if count == 0:
        raise InvalidInputs("no_examples", "The inputs hold no example.")
    return count


def _count_array(path: Path, expected: ArrayInput) -> int:
    try:
        header = npy.read_header(path)
    except npy.MalformedArray as error:
        raise InvalidInputs("malformed", f"The inputs are no .npy file: {error}.") from error
    if header.dtype != np.dtype(expected.dtype).newbyteorder("<"):
        raise InvalidInputs("wrong_dtype", f"The inputs are {header.dtype}, not {expected.dtype}.")
    if header.shape[1:] != expected.shape or not header.shape:
        raise InvalidInputs(
            "wrong_shape", f"The inputs are {header.shape}, not (n, *{expected.shape})."
        )
    return header.shape[0]


def _count_texts(path: Path, expected: TextInput, marks: Marks) -> int:
    try:
        return sum(1 for _ in read_lines(path, expected.text.max_bytes, marks))
    except MalformedLines as error:
        raise InvalidInputs("malformed", f"The inputs are no file of texts: {error}.") from error
