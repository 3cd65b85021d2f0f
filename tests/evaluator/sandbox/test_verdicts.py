"""The sentences that participants read."""

import pytest

from evaluator.contract import PARTICIPANT_FAILURES, Failure, Limits, Stage
from evaluator.sandbox import verdicts
from evaluator.sandbox.verdicts import Detail, Verdict

ALL = [value for value in vars(verdicts).values() if isinstance(value, Verdict)]


@pytest.mark.parametrize("detail", Detail)
def test_every_detail_is_a_sentence_with_its_numbers(detail: Detail) -> None:
    sentence = Verdict(Failure.CRASHED, detail).sentence(Limits())

    assert sentence.endswith(".")
    assert "{" not in sentence


def test_the_numbers_are_those_of_the_limits() -> None:
    limits = Limits(hidden_seconds=1.5, memory_bytes=96 * 1024**2)

    assert verdicts.TIMED_OUT[Stage.HIDDEN].sentence(limits).endswith("longer than 1.5 s.")
    assert verdicts.OUT_OF_MEMORY.sentence(limits).endswith("than 96 MiB of memory.")


def test_only_the_missing_engine_is_not_the_models_doing() -> None:
    staged = [*verdicts.TIMED_OUT.values(), *verdicts.CRASHED.values()]
    for verdict in [*ALL, *staged]:
        assert (verdict.failure in PARTICIPANT_FAILURES) is (
            verdict is not verdicts.NEEDS_CONTAINER
        )
