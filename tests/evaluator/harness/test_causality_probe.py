"""The probe of causality: what it shows a model, what that costs, and which models it finds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator.harness.causality_probe import CausalityProbe, Pass
from evaluator.harness.errors import NotCausal
from evaluator.harness.windows import Window

VOCABULARY = 50
TEXT = 1_000
"""Tokens of a text are from here on, so that random ones can be told from them."""

Tokens = NDArray[np.int64]
Told = NDArray[np.float32]


def causal(tokens: Tokens, targets: Tokens) -> Told:
    """Told of a target are numbers of it and of the tokens before it."""
    so_far = np.cumsum(tokens[:, :-1] % 97, axis=1)
    told: Told = (-np.abs(np.sin(so_far + targets[:, 1:]))).astype(np.float32)
    return told


def looking_ahead_from(place: int) -> Callable[[Tokens, Tokens], Told]:
    """Told of the targets from `place` on is also the input after them."""

    def told(tokens: Tokens, targets: Tokens) -> Told:
        answer = causal(tokens, targets)
        answer[:, place:-1] -= (tokens[:, place + 1 : -1] % 97).astype(np.float32)
        return answer

    return told


def by_length(tokens: Tokens, targets: Tokens) -> Told:
    """As with positions that are scaled by the length of a pass: not ahead, and yet another."""
    return causal(tokens, targets) * np.float32(1 + tokens.shape[1] / 100)


class Watched:
    """A model, and the tokens that it was given."""

    def __init__(self, model: Callable[[Tokens, Tokens], Told] = causal) -> None:
        self._model = model
        self.given: list[Tokens] = []

    def __call__(self, tokens: Tokens, targets: Tokens) -> Told:
        self.given.append(tokens)
        return self._model(tokens, targets)

    def passed(self, *lengths: int, first: int = 1) -> Pass:
        """One pass of windows of these lengths."""
        windows = [
            Window(number, TEXT * (number + 1) + np.arange(length), first)
            for number, length in enumerate(lengths)
        ]
        tokens = np.zeros((len(lengths), max(lengths)), dtype=np.int64)
        for row, window in zip(tokens, windows, strict=True):
            row[: len(window.tokens)] = window.tokens
        return Pass(windows, tokens, self._model(tokens, tokens))

    def probe(self, batch_tokens: int = 2_048) -> CausalityProbe:
        return CausalityProbe(self, vocabulary=VOCABULARY, batch_tokens=batch_tokens)


LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=12)


@given(passes=st.lists(LENGTHS, min_size=1, max_size=3), batch_tokens=st.integers(1, 500))
def test_a_causal_model_passes_whatever_is_side_by_side(
    passes: list[list[int]], batch_tokens: int
) -> None:
    model = Watched()

    model.probe(batch_tokens).examine([model.passed(*lengths) for lengths in passes])

    assert sum(len(tokens) for tokens in model.given) == sum(len(lengths) for lengths in passes)
    for tokens in model.given:
        assert tokens.size <= batch_tokens or len(tokens) == 1


def test_every_window_is_cut_a_third_of_them_evenly() -> None:
    model = Watched()

    model.probe().examine([model.passed(*[40] * 30)])

    kept = [int((row >= TEXT).sum()) for tokens in model.given for row in tokens]
    assert len(kept) == 30
    assert sum(cut > 1 for cut in kept) <= 10
    assert all(1 <= cut <= 38 for cut in kept)


def test_each_place_is_cut_a_third_as_often_as_if_all_cuts_fell_evenly() -> None:
    model = Watched()
    done = model.passed(*[12] * 300)
    for _ in range(20):
        model.probe(10**6).examine([done])

    kept = np.array([(row >= TEXT).sum() for tokens in model.given for row in tokens])
    times = np.bincount(kept, minlength=11)[2:11]
    expected = 6_000 / 3 / 10  # ten places, of which the first is in the other cuts as well
    assert (np.abs(times - expected) < 5 * np.sqrt(expected)).all()


def test_a_window_that_goes_on_is_cut_where_it_predicts() -> None:
    model = Watched()
    done = model.passed(*[40] * 9, first=20)
    for _ in range(20):
        model.probe().examine([done])

    kept = {int((row >= TEXT).sum()) for tokens in model.given for row in tokens}
    assert min(kept - {1}) >= 20


def test_it_costs_a_sixth_of_a_pass() -> None:
    model = Watched()
    done = model.passed(*[257] * 64)
    for _ in range(20):
        model.probe().examine([done])

    cost = sum(tokens[:, :-1].size for tokens in model.given) / 20
    assert cost / done.told.size == pytest.approx(1 / 6, abs=0.05)


@pytest.mark.parametrize("place", [0, 30])
def test_a_model_that_looks_ahead_is_found(place: int) -> None:
    """Everywhere, or in the later half of each window."""
    model = Watched(looking_ahead_from(place))

    with pytest.raises(NotCausal, match="only later text was replaced"):
        model.probe().examine([model.passed(*[60] * 64)])


def test_numbers_that_depend_on_the_shape_are_looked_at_again_in_the_same() -> None:
    model = Watched(by_length)
    probe = model.probe()
    done = model.passed(50, 60, 60)

    probe.examine([done])
    assert model.given[-1].shape == done.tokens.shape

    model.given.clear()
    probe.examine([done])
    assert [tokens.shape for tokens in model.given] == [done.tokens.shape]


def test_a_model_that_answers_by_chance_is_none() -> None:
    generator = np.random.default_rng(0)
    model = Watched(lambda tokens, _: generator.normal(size=tokens[:, 1:].shape).astype("f4"))

    with pytest.raises(NotCausal):
        model.probe().examine([model.passed(20, 20)])


def test_numbers_that_are_none_do_not_pass() -> None:
    model = Watched(lambda tokens, _: np.full(tokens[:, 1:].shape, np.nan, dtype="f4"))

    with pytest.raises(NotCausal):
        model.probe().examine([model.passed(20, 20)])
