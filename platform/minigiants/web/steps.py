"""The steps of a submission as its page shows them: what is done, what runs, what is ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from minigiants.submissions.lifecycle import Status
from minigiants.submissions.presentation import ShownChange, SubmissionView

WAY: Final = (Status.QUEUED, Status.PREDICTING, Status.SCORING, Status.SCORED)
TITLES: Final[Mapping[Status, str]] = {
    Status.QUEUED: "In the queue",
    Status.PREDICTING: "Predicting",
    Status.SCORING: "Scoring",
    Status.SCORED: "Scored",
    Status.REJECTED: "Rejected",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
}
STAGES: Final[Mapping[str, str]] = {
    "fetching": "Fetching the model",
    "starting": "Starting the sandbox",
    "smoke": "Smoke run on public data",
    "hidden": "Run on the hidden test set",
    "reporting": "Sending the predictions",
    "scoring": "Comparing with the labels",
}


@dataclass(frozen=True)
class Step:
    """One step. `state` is done, now, ahead or stop."""

    status: Status
    title: str
    state: str
    at: datetime | None
    note: str


def steps_of(view: SubmissionView) -> list[Step]:
    """The steps of a submission, in order.

    A step that was taken several times, after a lost worker, shows its last time and says why.
    """
    status = Status(view.status)
    last = {Status(change.status): change for change in view.changes}
    if status in WAY:
        reached = WAY.index(status)
        return [
            _step(step, _state(position, reached), last.get(step), view)
            for position, step in enumerate(WAY)
        ]
    taken = [step for step in WAY if step in last]
    return [
        *(_step(step, "done", last[step], view) for step in taken),
        _step(status, "stop", last.get(status), view),
    ]


def _state(position: int, reached: int) -> str:
    if position < reached or WAY[position] == Status.SCORED == WAY[reached]:
        return "done"
    return "now" if position == reached else "ahead"


def _step(status: Status, state: str, change: ShownChange | None, view: SubmissionView) -> Step:
    return Step(
        status=status,
        title=TITLES[status],
        state=state,
        at=change.at if change is not None and state != "ahead" else None,
        note=_note(status, state, change, view),
    )


def _note(status: Status, state: str, change: ShownChange | None, view: SubmissionView) -> str:
    notes: Sequence[str] = (change.reason if change is not None and state != "ahead" else "",)
    if state == "now" and status in {Status.PREDICTING, Status.SCORING}:
        notes = (*notes, STAGES.get(view.stage, ""))
    return " ".join(f"{note.rstrip('.')}." for note in notes if note)
