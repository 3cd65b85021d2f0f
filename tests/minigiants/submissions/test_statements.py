"""How many statements an evaluation costs the database: what a busy installation is bound by."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.support.pipeline import Pipeline, queued_submission

pytestmark = pytest.mark.django_db

Counted = Callable[[int], AbstractContextManager[Any]]


def test_each_step_of_an_evaluation_takes_few_statements(
    django_assert_num_queries: Counted,
) -> None:
    """Begin and end of a transaction count; those of a first standing on a new board, too."""
    pipeline = Pipeline.start()
    evaluation = queued_submission().evaluations.get()
    with django_assert_num_queries(9):
        predict = pipeline.claim_predict(evaluation)
    with django_assert_num_queries(7):
        predictions = pipeline.store(predict)
    with django_assert_num_queries(7):
        pipeline.report_predictions(predict, predictions=predictions)
    with django_assert_num_queries(6):
        score = pipeline.claim_score(evaluation)
    with django_assert_num_queries(30):
        pipeline.report_scores(score)
