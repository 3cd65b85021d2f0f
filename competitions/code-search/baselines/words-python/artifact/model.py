"""Sketches of weighted words and n-grams, in the `python` format and NumPy alone."""

import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODULUS = 131_071
PLACES = 4096
BASE = 257
ORDERS = (2, 3, 4)
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def buckets(text: str) -> NDArray[np.int64]:
    """The bucket of each run of bytes, and of each word. `getFile` and `get_file` are two words."""
    signs = np.frombuffer(b" " + text.lower().encode(), dtype=np.uint8).astype(np.int64)
    found, runs = [], signs
    for order in range(2, max(ORDERS) + 1):
        runs = runs[:-1] * BASE + signs[order - 1 :]
        found.append(runs % MODULUS)
    words = [zlib.crc32(word.lower().encode()) % MODULUS for word in WORD.findall(text)]
    return np.concatenate([*found, np.array(words, dtype=np.int64)])


class Model:
    """What `load` returns."""

    def __init__(self, weights: NDArray[np.float32]) -> None:
        self.weights = weights

    def embed(self, texts: list[str], kind: str) -> NDArray[Any]:
        """Vectors [n, 4096] of n texts. Queries and documents are treated alike."""
        vectors = np.zeros((len(texts), PLACES), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            found, counts = np.unique(buckets(text), return_counts=True)
            np.add.at(vector, found % PLACES, self.weights[found] * np.log1p(counts))
        return vectors


def load(folder: str | Path, device: str) -> Model:
    """Make the model that lies in `folder` ready. It knows no other device than the CPU."""
    return Model(np.load(Path(folder) / "weights.npy", allow_pickle=False))
