"""Holm, tie bands, intervals of rank, and the spending of alpha."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigiants.leaderboards.statistics.multiplicity import holm
from minigiants.leaderboards.statistics.ranking import adjusted_pairs, order_of
from minigiants.leaderboards.statistics.spending import alpha_of_challenger

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def test_holm_by_hand() -> None:
    # Holm (1979): the smallest times 4, the next times 3, …, never falling.
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(p_values=P_VALUES)
def test_holm_lies_between_the_raw_value_and_bonferroni(p_values: list[float]) -> None:
    raw = np.array(p_values)
    adjusted = holm(raw)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(raw * len(raw), 1) + 1e-12).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


@given(p_values=P_VALUES, seed=st.integers(0, 99))
def test_holm_does_not_mind_the_order(p_values: list[float], seed: int) -> None:
    raw = np.array(p_values)
    order = np.random.default_rng(seed).permutation(len(raw))
    assert holm(raw[order]) == pytest.approx(holm(raw)[order])


def scores_of(*values: float) -> np.ndarray:
    """How much worse each is than each."""
    one = np.array(values)
    differences: np.ndarray = one[None, :] - one[:, None]
    return differences


def test_a_band_holds_all_until_the_first_that_is_worse() -> None:
    differences = scores_of(1, 2, 3, 4, 5)
    adjusted = np.ones((5, 5))
    for better, worse in ((0, 2), (0, 4), (2, 4)):
        adjusted[better, worse] = adjusted[worse, better] = 0.01
    order = order_of(differences, adjusted)
    # The fourth is not told apart from the leader, but it follows one that is.
    assert order.bands.tolist() == [1, 1, 2, 2, 3]
    assert order.lowest.tolist() == [1, 1, 2, 1, 3]
    assert order.highest.tolist() == [3, 5, 4, 5, 5]


def test_a_board_of_equals_is_one_band() -> None:
    order = order_of(np.zeros((4, 4)), np.zeros((4, 4)))
    assert order.bands.tolist() == [1, 1, 1, 1]
    assert order.highest.tolist() == [4, 4, 4, 4]


def test_one_team_alone() -> None:
    order = order_of(np.zeros((1, 1)), adjusted_pairs(np.ones((1, 1))))
    assert (order.bands.tolist(), order.lowest.tolist(), order.highest.tolist()) == ([1], [1], [1])


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), teams=st.integers(1, 12))
def test_every_rank_lies_in_its_interval_and_bands_only_rise(seed: int, teams: int) -> None:
    random = np.random.default_rng(seed)
    raw = random.random((teams, teams)) ** 4
    adjusted = adjusted_pairs(np.triu(raw, 1) + np.triu(raw, 1).T)
    order = order_of(scores_of(*np.sort(random.random(teams))), adjusted)
    ranks = np.arange(1, teams + 1)
    assert (order.lowest <= ranks).all()
    assert (ranks <= order.highest).all()
    assert order.bands[0] == 1
    assert set(np.diff(order.bands)) <= {0, 1}
    assert (adjusted == adjusted.T).all()


def test_the_level_is_spent_over_all_challengers_and_never_more() -> None:
    spent = [alpha_of_challenger(number, 0.01) for number in range(1, 10_000)]
    assert spent[0] == 0.005
    assert 0.00999 < sum(spent) < 0.01
    assert spent == sorted(spent, reverse=True)
    with pytest.raises(ValueError, match="from 1"):
        alpha_of_challenger(0, 0.01)
