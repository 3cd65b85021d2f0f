"""The sentences that participants read of a model's failure."""

import pytest

from evaluator.contract import PARTICIPANT_FAILURES, Failure, Limits, Stage
from evaluator.failure_sentences import sentence_of


@pytest.mark.parametrize("stage", [Stage.STARTING, Stage.SMOKE, Stage.HIDDEN])
@pytest.mark.parametrize("failure", Failure)
def test_the_model_is_told_of_and_nothing_else(failure: Failure, stage: Stage) -> None:
    sentence = sentence_of(failure, stage, Limits())

    assert bool(sentence) is (failure in PARTICIPANT_FAILURES)
    assert sentence == "" or sentence.endswith(".")
    assert "{" not in sentence


def test_the_numbers_are_those_of_the_limits() -> None:
    limits = Limits(hidden_seconds=1.5, memory_bytes=96 * 1024**2)

    assert sentence_of(Failure.TIMED_OUT, Stage.HIDDEN, limits).endswith("longer than 1.5 s.")
    assert sentence_of(Failure.OUT_OF_MEMORY, None, limits).endswith("than 96 MiB of memory.")
