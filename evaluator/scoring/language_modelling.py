"""The metric of language modelling.

Answers are [n, 1]: the negative log-likelihood of a document in nats. Truths are the documents'
lengths in bytes [n], as the host counted them. A document weighs what it is long, so the value
over any set of documents is their bits divided by their bytes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from evaluator.scoring.metric import Answers, Decomposing, Losses, Metric, Truth


def _bits_per_byte(answers: Answers, truth: Truth, params: Mapping[str, int]) -> Losses:
    lengths = truth.astype(np.float64)
    bits = answers[:, 0].astype(np.float64) / np.log(2)
    return Losses(values=bits / lengths, weights=lengths)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {"bits_per_byte": Decomposing(_bits_per_byte)}
)
