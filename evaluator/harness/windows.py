"""Cutting documents into windows of a language model's context: each token predicted once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_CONTEXT = 4097
"""A document's bytes and the start token: no window need be longer than that."""

TOLERANCE = 1e-5
"""How far a log-probability may move, in nats, when the text after it is replaced."""


@dataclass(frozen=True, eq=False)
class Window:
    """Tokens [t] of a document, of which those from `first` on are to be predicted here."""

    document: int
    tokens: NDArray[np.int64]
    first: int


def cut_windows(document: int, tokens: NDArray[np.int64], context: int) -> Iterator[Window]:
    """Windows whose inputs, all tokens but the last, fit into the context.

    `tokens` begin with a start token. Each window but the first repeats half of the context before
    it as what is known already.
    """
    yield Window(document, tokens[: context + 1], first=1)
    known = context // 2
    for start in range(context + 1, len(tokens), context - known):
        first_token = start - known - 1
        yield Window(document, tokens[first_token : first_token + context + 1], first=known + 1)
