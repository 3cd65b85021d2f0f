"""Whether an attempt that ended without a result is tried again: when, and what its team reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings

from evaluator.contract import Failure
from minigiants.submissions.evaluated_models import format_of
from minigiants.submissions.models import Evaluation
from minigiants.submissions.workers import capacity_of

FIRST_PAUSE: Final = timedelta(seconds=10)
PAUSE_GROWTH: Final = 6
LONGEST_PAUSE: Final = timedelta(minutes=10)

MOST_HANDED_BACK: Final = 20
"""So many times a stage may be handed back by workers that stop, before it counts as a fault."""

WHAT_HAPPENED: Final[Mapping[Failure, str]] = {
    Failure.WORKER_FAULT: "A fault of the platform stopped the run",
    Failure.WORKER_LOST: "The worker stopped answering",
    Failure.HANDED_BACK: "The worker was stopped and handed the run back",
    Failure.NEEDS_CONTAINER: "It came to a worker that does not run its format",
}
"""Of ours, not of the model, and another try may get past it."""

OURS: Final = frozenset(WHAT_HAPPENED)


@dataclass(frozen=True)
class Retry:
    """Another try. `excused` is how many of the stage's attempts do not count then."""

    pause: timedelta
    excused: int
    reason: str


def retry_of(evaluation: Evaluation, failure: Failure) -> Retry | None:
    """The next try after the present attempt of `evaluation` ended with `failure`, if there is one.

    A fault counts against MAX_ATTEMPTS. A hand-back does not, and goes on at once. Nor does a
    worker that can't run the format, as long as another one that is there can.
    """
    if failure not in OURS:
        return None
    if failure is Failure.HANDED_BACK and evaluation.excused < MOST_HANDED_BACK:
        return _excused(evaluation, failure, timedelta())
    if failure is Failure.NEEDS_CONTAINER:
        runnable = capacity_of(profile=evaluation.profile).formats
        if format_of(evaluation) not in runnable:
            return None
        return _excused(evaluation, failure, _pause(evaluation.excused + 1))
    faults = evaluation.attempt - evaluation.excused
    if faults >= settings.MAX_ATTEMPTS:
        return None
    pause = _pause(faults)
    return Retry(
        pause=pause,
        excused=evaluation.excused,
        reason=f"{WHAT_HAPPENED[failure]}. It is tried again {_after(pause)}: "
        f"attempt {faults + 1} of {settings.MAX_ATTEMPTS}.",
    )


def _excused(evaluation: Evaluation, failure: Failure, pause: timedelta) -> Retry:
    return Retry(
        pause=pause,
        excused=evaluation.excused + 1,
        reason=f"{WHAT_HAPPENED[failure]}. It is tried again {_after(pause)}; "
        "this counts as no attempt.",
    )


def _pause(time: int) -> timedelta:
    """How long to wait after the `time`th try, from 1."""
    seconds = FIRST_PAUSE.total_seconds() * PAUSE_GROWTH ** min(time - 1, 9)
    return min(timedelta(seconds=seconds), LONGEST_PAUSE)


def _after(pause: timedelta) -> str:
    return f"after {pause.total_seconds():g} s" if pause else "at once"
