"""What paired tests say of an order: tie bands, and the ranks that are compatible with them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from minigiants.leaderboards.statistics.multiplicity import holm

LEVEL: Final = 0.05
"""The probability of any false distinction on a board that is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is known of an order of T models.

    `bands` [T] counts tie bands from 1; `lowest` and `highest` [T] are each model's first and
    last rank, from 1, that no test excludes.
    """

    bands: NDArray[np.int64]
    lowest: NDArray[np.int64]
    highest: NDArray[np.int64]


def adjusted_pairs(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's adjustment over all pairs of a symmetric matrix [T, T] of p-values.

    The family is all pairs of the board, not one leader's followers: which team leads a band is
    seen in the same data, and all pairs stay valid however a pair was chosen.
    """
    upper = np.triu_indices(len(p_values), k=1)
    adjusted = np.ones_like(p_values)
    adjusted[upper] = holm(p_values[upper])
    return np.minimum(adjusted, adjusted.T)


def order_of(
    differences: NDArray[np.float64], adjusted: NDArray[np.float64], level: float = LEVEL
) -> Order:
    """Bands and ranks of models in the board's order.

    `differences` [T, T] holds at [i, j] how much worse j is than i, `adjusted` [T, T] the
    adjusted p-values of `adjusted_pairs`. A band opens with its best team and holds those that
    follow until the first that is significantly worse than it. A rank is excluded by the teams
    that are significantly better, or worse (Mogstad, Romano, Shaikh and Wilhelm 2024): all
    intervals of rank hold at once with probability 1 - `level`.
    """
    teams = len(differences)
    significant = adjusted <= level
    worse = significant & (differences > 0)
    better = significant & (differences < 0)
    bands = np.ones(teams, dtype=np.int64)
    leader = 0
    for team in range(1, teams):
        bands[team] = bands[team - 1]
        if worse[leader, team]:
            bands[team] += 1
            leader = team
    ranks = np.arange(1, teams + 1)
    # Where scores are released coarsely, the order shown may differ from that of the losses.
    lowest = np.minimum(1 + better.sum(axis=1), ranks)
    highest = np.maximum(teams - worse.sum(axis=1), ranks)
    return Order(bands=bands, lowest=lowest, highest=highest)
