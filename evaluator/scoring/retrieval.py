"""The metrics of retrieval by embeddings.

Answers are, for each query, the ranks of its relevant documents from 1, ascending; they name as
many as are relevant, so the truth says nothing further. A cut-off `k` says how many documents of
the ranking are looked at. Each query counts the same (Manning et al. 2008, chapter 8).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.metric import Answers, Decomposing, Losses, Metric, Truth, equally

Ranks = NDArray[np.int64]


def _reciprocal_rank(ranks: Ranks, k: int) -> float:
    return float(1 / ranks[0]) if ranks[0] <= k else 0.0


def _recall(ranks: Ranks, k: int) -> float:
    return float((ranks <= k).mean())


def _ndcg(ranks: Ranks, k: int) -> float:
    """Of documents that are relevant or not (Järvelin and Kekäläinen 2002)."""
    best = np.arange(1, min(k, len(ranks)) + 1)
    return _discounted(ranks[ranks <= k]) / _discounted(best)


def _discounted(ranks: Ranks) -> float:
    return float((1 / np.log2(ranks + 1)).sum())


def _by(quality: Callable[[Ranks, int], float]) -> Metric:
    def losses(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
        return equally(1 - np.array([quality(ranks, params["k"]) for ranks in answers]))

    return Decomposing(losses)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "mrr": _by(_reciprocal_rank),
        "ndcg": _by(_ndcg),
        "recall": _by(_recall),
    }
)
