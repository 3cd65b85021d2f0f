"""The metrics of generation.

Answers are texts [n], truths tuples of reference texts [n]. An answer counts as it compares with
the reference that suits it best. All scores of a text lie in 0 … 1, and a metric is their mean
over the texts.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from evaluator.scoring import chrf, rouge
from evaluator.scoring.metric import Answers, Decomposing, Losses, Metric, Truth, equally

Similarity = Callable[[str, str], float]
"""How well an answer (first) agrees with a reference (second), from 0 to 1."""


def _exactly(answer: str, reference: str) -> float:
    return float(answer.strip() == reference.strip())


def _by(similarity: Similarity) -> Metric:
    def losses(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
        best = [
            max(similarity(answer, reference) for reference in references)
            for answer, references in zip(answers, truth, strict=True)
        ]
        return equally(1 - np.array(best))

    return Decomposing(losses)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "exact_match": _by(_exactly),
        "rouge_1": _by(lambda answer, reference: rouge.rouge_n(answer, reference, 1)),
        "rouge_2": _by(lambda answer, reference: rouge.rouge_n(answer, reference, 2)),
        "rouge_l": _by(rouge.rouge_l),
        "chrf": _by(chrf.chrf),
    }
)
