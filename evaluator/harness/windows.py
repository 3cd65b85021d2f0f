"""Windows of a language model's context: each token predicted once, and many side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_CONTEXT = 4097
"""A document's bytes and the start token: no window need be longer than that."""

TOLERANCE = 1e-5
"""How far a log-probability may move, in nats, when the text after it is replaced."""

FILLED_UP = 32
"""A pass is worth a 32nd of a full batch's tokens: what it costs a CPU beside its tokens, for a
Llama of a million parameters."""


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


def batches(lengths: Sequence[int], most_tokens: int) -> Iterator[slice]:
    """Which rows of rising lengths to pass side by side, filled up to the longest of them.

    A batch has at most `most_tokens` tokens, or one row. It ends where one row more would have the
    others filled up by more tokens than a pass is worth.
    """
    start = 0
    while start < len(lengths):
        end = start + 1
        while end < len(lengths):
            rows = end - start
            filled_up = rows * (lengths[end] - lengths[end - 1])
            if (rows + 1) * lengths[end] > most_tokens or filled_up > most_tokens // FILLED_UP:
                break
            end += 1
        yield slice(start, end)
        start = end
