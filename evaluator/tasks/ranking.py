"""Ranking documents for queries by the similarity of their vectors."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLOCK_SIMILARITIES: Final = 4_000_000
"""Similarities that are held at once: 32 MB."""

TIE: Final = 1e-9
"""Similarities this close, as a part of the greatest that their lengths allow, are equal.

Vectors arrive as float32, so honest differences are greater; what matrix multiplication makes of
equal vectors at different places is smaller.
"""

Vectors = NDArray[np.float64]


def unit_vectors(vectors: Vectors) -> Vectors:
    """The vectors [n, d] at length 1; a vector of zeros stays one, and is like nothing else."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: Vectors = vectors / np.where(lengths > 0, lengths, 1.0)
    return units


def ranks_of_relevant(
    queries: Vectors, documents: Vectors, relevant: Sequence[NDArray[np.int64]]
) -> Iterator[NDArray[np.int64]]:
    """For each query the ranks, from 1 and ascending, of its relevant documents among all.

    `queries` are [q, d], `documents` [m, d], `relevant[i]` the rows of the documents that are
    relevant to query i. Documents rank by dot product. Of equals the irrelevant come first, so
    a model that answers the same vector to everything finds nothing.
    """
    block = max(1, BLOCK_SIMILARITIES // max(1, len(documents)))
    longest = np.linalg.norm(documents, axis=1).max(initial=0.0)
    for start in range(0, len(queries), block):
        some = queries[start : start + block]
        tolerances = TIE * longest * np.linalg.norm(some, axis=1)
        similarities = some @ documents.T
        for row, tolerance, wanted in zip(
            similarities, tolerances, relevant[start : start + block], strict=True
        ):
            yield _ranks(row, wanted, tolerance)


def _ranks(
    similarities: NDArray[np.float64], relevant: NDArray[np.int64], tolerance: float
) -> NDArray[np.int64]:
    """The ranks of the `relevant` documents under one query's `similarities` [m]."""
    thresholds = np.sort(similarities[relevant]) - tolerance
    irrelevant = np.delete(similarities, relevant)
    # How many thresholds each irrelevant document reaches, and so how many reach each threshold.
    reached = np.searchsorted(thresholds, irrelevant, side="right")
    reaching = np.bincount(reached, minlength=len(relevant) + 1)[:0:-1].cumsum()
    ranks: NDArray[np.int64] = reaching + np.arange(1, len(relevant) + 1)
    return ranks
