"""Bits per byte: all bits of a split by all its bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.metrics import METRICS
from evaluator.scoring.metric import Decomposing
from evaluator.scoring.score import IMPLEMENTATIONS


@given(st.lists(st.tuples(st.floats(0, 1e5), st.integers(1, 4096)), min_size=1, max_size=20))
def test_bits_by_bytes(documents: list[tuple[float, int]]) -> None:
    nats, lengths = np.array(documents).T
    metric = IMPLEMENTATIONS["bits_per_byte"]
    assert isinstance(metric, Decomposing)
    losses = metric.losses(nats[:, None], lengths.astype(np.int64), {})
    expected = nats.sum() / np.log(2) / lengths.sum()
    assert losses.aggregate(METRICS["bits_per_byte"]) == pytest.approx(expected)


def test_a_model_that_knows_nothing_needs_eight_bits() -> None:
    metric = IMPLEMENTATIONS["bits_per_byte"]
    assert isinstance(metric, Decomposing)
    lengths = np.array([10, 500])
    losses = metric.losses((lengths * np.log(256))[:, None], lengths, {})
    assert losses.values.tolist() == pytest.approx([8, 8])
    assert losses.weights.tolist() == [10, 500]
