"""The metrics of retrieval against torchmetrics, and what a model can't gain by ties."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torchmetrics.functional.retrieval import (
    retrieval_normalized_dcg,
    retrieval_recall,
    retrieval_reciprocal_rank,
)

from evaluator.contract import MetricSpec
from evaluator.scoring import score
from evaluator.tasks.labels import Labels, as_objects
from tests.evaluator.scoring.problems import TEXTS, assert_losses_make_up_the_values, task_of

TORCHMETRICS = {
    "mrr": retrieval_reciprocal_rank,
    "ndcg": retrieval_normalized_dcg,
    "recall": retrieval_recall,
}


def collection(relevant: list[list[int]], documents: int, seed: int = 0) -> Labels:
    """Queries and documents in mixed order; query i wants the documents `relevant[i]`."""
    count = len(relevant) + documents
    order = np.random.default_rng(seed).permutation(count)
    queries, places = order[: len(relevant)], np.sort(order[len(relevant) :])
    values = as_objects([np.empty(0, np.int64)] * count)
    public, private = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for number, query in enumerate(queries):
        values[query] = places[relevant[number]]
        (private if number % 2 else public)[query] = True
    return Labels(tuple(map(str, range(count))), values, public, private)


def task(similarity: str = "cosine") -> Any:
    return task_of("embedding", input=TEXTS, similarity=similarity)


@st.composite
def problems(draw: st.DrawFn) -> tuple[NDArray[np.float32], Labels]:
    documents, queries = draw(st.integers(1, 12)), draw(st.integers(2, 6))
    relevant = [
        sorted(draw(st.sets(st.integers(0, documents - 1), min_size=1))) for _ in range(queries)
    ]
    labels = collection(relevant, documents, draw(st.integers(0, 99)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.standard_normal((len(labels), 5)).astype(np.float32), labels


@pytest.mark.parametrize("name", TORCHMETRICS)
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@settings(deadline=None, max_examples=25)
@given(problem=problems(), k=st.integers(1, 14))
def test_values_are_torchmetrics(
    name: str, similarity: str, problem: tuple[NDArray[np.float32], Labels], k: int
) -> None:
    vectors, labels = problem
    outcome = score(task(similarity), vectors, labels, [MetricSpec(name=name, params={"k": k})])
    rows = vectors.astype(np.float64)
    if similarity == "cosine":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    documents = np.flatnonzero(~labels.scored)
    for value in outcome.values:
        wanted = [
            float(
                TORCHMETRICS[name](
                    # torchmetrics never counts a document with a score of 0 or less.
                    torch.from_numpy(rows[documents] @ rows[query]).exp(),
                    torch.from_numpy(np.isin(documents, labels.values[query])),
                    top_k=k,
                )
            )
            for query in np.flatnonzero(labels.mask(value.split))
        ]
        assert value.value == pytest.approx(np.mean(wanted), abs=1e-6)
    assert_losses_make_up_the_values(outcome, labels)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize(
    "vector",
    [[0, 0, 0], [1, 2, 3], [0.1, -0.7, 1e-30], [3e38, 1, 2]],
    ids=["zeros", "whole", "fractions", "huge"],
)
def test_a_constant_embedding_finds_nothing(similarity: str, vector: list[float]) -> None:
    labels = collection([[0], [3], [50], [99]], documents=100)
    vectors = np.tile(np.array(vector, np.float32), (len(labels), 1))
    metrics = [MetricSpec(name=name, params={"k": 99}) for name in TORCHMETRICS]
    assert {value.value for value in score(task(similarity), vectors, labels, metrics).values} == {
        0.0
    }


def test_equals_of_the_wanted_come_before_it_unless_they_are_wanted_too() -> None:
    labels = collection([[0, 1], [0]], documents=3)
    vectors = np.ones((5, 2), np.float32)
    vectors[np.flatnonzero(~labels.scored)[2]] = [-1, -1]
    values = score(task(), vectors, labels, [MetricSpec(name="mrr")]).values
    assert [value.value for value in values] == [1.0, 0.5]


def test_many_queries_are_ranked_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = collection([[number % 7] for number in range(40)], documents=7)
    vectors = np.random.default_rng(1).standard_normal((47, 4)).astype(np.float32)
    metric = [MetricSpec(name="ndcg")]
    whole = score(task(), vectors, labels, metric)
    monkeypatch.setattr("evaluator.tasks.ranking.BLOCK_SIMILARITIES", 21)
    assert score(task(), vectors, labels, metric) == whole
