"""Windows: each token is predicted once, and rows side by side hardly need filling up."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evaluator.harness.windows import FILLED_UP, batches, cut_windows


@given(length=st.integers(2, 300), context=st.integers(2, 64))
def test_each_token_but_the_first_is_predicted_once(length: int, context: int) -> None:
    tokens = np.arange(length)

    windows = list(cut_windows(7, tokens, context))

    predicted = [token for window in windows for token in window.tokens[window.first :]]
    assert predicted == list(range(1, length))
    assert {window.document for window in windows} == {7}
    for window in windows:
        assert len(window.tokens) <= context + 1
        np.testing.assert_array_equal(np.diff(window.tokens), 1)


@given(lengths=st.lists(st.integers(1, 300), max_size=60).map(sorted), most=st.integers(1, 2_000))
def test_batches_take_each_row_once_and_stay_small(lengths: list[int], most: int) -> None:
    taken = [lengths[batch] for batch in batches(lengths, most)]

    assert [length for rows in taken for length in rows] == lengths
    for rows in taken:
        assert len(rows) == 1 or len(rows) * rows[-1] <= most


def test_a_long_row_is_not_put_beside_many_short_ones() -> None:
    lengths = [2] * 40 + [100, 100]

    assert list(batches(lengths, 100 * FILLED_UP)) == [slice(0, 40), slice(40, 42)]
