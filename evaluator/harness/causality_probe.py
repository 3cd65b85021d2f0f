"""Whether a language model of transformers sees text before it has predicted it.

In every window the text after a cut is replaced by random tokens, and the log-probabilities before
the cut are compared. In a third of the windows, drawn anew each time, the cut falls evenly; in the
others it comes after the first token, which costs next to nothing and tells of models that look
ahead everywhere. So each place is cut a third as often as if all cuts fell evenly, for a sixth of a
pass instead of a half: columns in which everything is replaced are left out.

What moves then may move for an honest reason: some models scale positions by the length of a pass,
and sums may be rounded otherwise in another shape. So it is held against passes of the same shape,
which decide, and so are the texts that follow.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.harness.errors import NotCausal
from evaluator.harness.windows import TOLERANCE, Window, batches

CUT_EVENLY = 3
"""One in so many windows is cut evenly."""

LogProbabilities = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.float32]]
"""Of targets [n, t] given tokens [n, t]: [n, t - 1], those of all but the first of each row."""


@dataclass(frozen=True, eq=False)
class Pass:
    """Windows side by side: their tokens [n, t], filled up behind, and what was told [n, t - 1]."""

    windows: Sequence[Window]
    tokens: NDArray[np.int64]
    told: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _CutRows:
    """Tokens [n, t], what was told of them [n, t - 1], and where each row is cut [n]."""

    tokens: NDArray[np.int64]
    told: NDArray[np.float32]
    cuts: NDArray[np.int64]


class CausalityProbe:
    """Compares what a model tells of a text with what it tells when the text goes on otherwise."""

    def __init__(self, model: LogProbabilities, *, vocabulary: int, batch_tokens: int) -> None:
        """`vocabulary` is how many tokens there are, `batch_tokens` the most of one pass."""
        self._model = model
        self._vocabulary = vocabulary
        self._batch_tokens = batch_tokens
        self._generator = np.random.default_rng()  # no cut follows from the run's seed
        self._shortens = True

    def examine(self, passes: Sequence[Pass]) -> None:
        """Raises `NotCausal` if a log-probability moves with the text after it."""
        cuts = iter(self._cuts([window for each in passes for window in each.windows]))
        whole = [
            _CutRows(each.tokens, each.told, np.array([next(cuts) for _ in each.windows]))
            for each in passes
        ]
        if self._shortens:
            self._shortens = self._moved(_shortened(whole, self._batch_tokens)) <= TOLERANCE
        if not self._shortens and not (moved := self._moved(whole)) <= TOLERANCE:
            raise NotCausal(
                f"Log-probabilities moved by up to {moved:.2g} nats when only later text was "
                "replaced. Use a causal model: an encoder sees the whole text."
            )

    def _cuts(self, windows: Sequence[Window]) -> NDArray[np.int64]:
        """For each window the place from which on its tokens are replaced."""
        cuts = np.ones(len(windows), dtype=np.int64)
        evenly = -(-len(windows) // CUT_EVENLY)
        for number in self._generator.choice(len(windows), size=evenly, replace=False):
            first, last = windows[number].first, len(windows[number].tokens) - 2
            cuts[number] = self._generator.integers(first, max(first, last), endpoint=True)
        return cuts

    def _moved(self, groups: Iterable[_CutRows]) -> float:
        """By how much the log-probabilities before the cuts differ at most, a pass a group."""
        most = 0.0
        for group in groups:
            places = np.arange(group.tokens.shape[1])
            replaced = self._generator.integers(0, self._vocabulary, size=group.tokens.shape)
            changed = np.where(places < group.cuts[:, None], group.tokens, replaced)
            again = self._model(changed, group.tokens)
            compared = places[:-1] < group.cuts[:, None]
            moved = np.abs(again - group.told)[compared].max(initial=0.0)
            most = float(np.maximum(most, moved))  # which is NaN if either is
        return most


def _shortened(whole: Iterable[_CutRows], batch_tokens: int) -> Iterator[_CutRows]:
    """The same rows, sorted by their cuts, without the columns in which all is replaced."""
    rows = [
        (int(cut), tokens, told)
        for group in whole
        for cut, tokens, told in zip(group.cuts, group.tokens, group.told, strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    for batch in batches([cut + 1 for cut, _, _ in rows], batch_tokens):
        cuts = np.array([cut for cut, _, _ in rows[batch]])
        columns = cuts[-1] + 1
        group = _CutRows(
            tokens=np.zeros((len(cuts), columns), dtype=np.int64),
            told=np.zeros((len(cuts), columns - 1), dtype=np.float32),
            cuts=cuts,
        )
        for row, (cut, tokens, told) in enumerate(rows[batch]):
            # The target after the last token that is kept is predicted from these alone.
            group.tokens[row, : cut + 1] = tokens[: cut + 1]
            group.told[row, :cut] = told[:cut]
        yield group
