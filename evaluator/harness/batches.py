"""Reads files of inputs in batches: NumPy arrays, or texts as JSON Lines.

The platform wrote these files and the host has checked them; nothing of the model is in them.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.runners import Inputs

ARRAY_SUFFIX = ".npy"


@dataclass(frozen=True, eq=False)
class Batch:
    """Consecutive examples: an array [n, *shape], which can't be written to, or n texts.

    `kinds` has the kind of each text (`query`, `document`), where the task knows kinds.
    """

    inputs: Inputs
    kinds: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.inputs)


def read_batches(path: Path, size: int) -> Iterator[Batch]:
    """The examples of a file in order, `size` at a time."""
    return _arrays(path, size) if path.suffix == ARRAY_SUFFIX else _texts(path, size)


def _arrays(path: Path, size: int) -> Iterator[Batch]:
    examples: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
    for start in range(0, len(examples), size):
        yield Batch(examples[start : start + size].view(np.ndarray))


def _texts(path: Path, size: int) -> Iterator[Batch]:
    with path.open(encoding="utf-8", newline="\n") as file:
        while lines := list(islice(file, size)):
            records = [json.loads(line) for line in lines]
            yield Batch(
                inputs=[record["text"] for record in records],
                kinds=tuple(record["kind"] for record in records if "kind" in record),
            )
