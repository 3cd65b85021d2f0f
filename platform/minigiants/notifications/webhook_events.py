"""What webhooks can hear of, and what they are told.

Deny by default: of the outbox's events only the kinds that are registered here are sent, each with
what its `tell` makes of it. An app further up registers its own kinds when it is ready.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue

from minigiants.core.models import OutboxEvent
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.presentation import submission_view
from minigiants.submissions.reports import SCORING_FAILED_EVENT
from minigiants.submissions.selectors import submission_whole

TEST_KIND: Final = "webhook.test"


class Audience(StrEnum):
    """Whose webhooks may hear of a kind."""

    TEAM = "team"
    HOSTS = "hosts"


@dataclass(frozen=True, slots=True)
class Told:
    """What is sent as `data`, and to whose webhooks: a team's, a competition's, or both."""

    data: Mapping[str, JsonValue]
    team_id: UUID | None = None
    competition_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event. `tell` may read what the event speaks of; it says nothing hidden."""

    name: str
    summary: str
    audiences: frozenset[Audience]
    tell: Callable[[OutboxEvent], Told]


_KINDS: dict[str, EventKind] = {}


def register(kind: EventKind) -> None:
    """Let webhooks hear of `kind`. Raises ValueError where its name is taken."""
    if kind.name in _KINDS:
        raise ValueError(f"{kind.name} is registered already.")
    _KINDS[kind.name] = kind


def kind_find(name: str) -> EventKind | None:
    """The kind called `name`, if webhooks may hear of it."""
    return _KINDS.get(name)


def kinds_of(audience: Audience) -> list[EventKind]:
    """The kinds that an audience may hear of, by name."""
    found = (kind for kind in _KINDS.values() if audience in kind.audiences)
    return sorted(found, key=lambda kind: kind.name)


def all_kinds() -> list[EventKind]:
    """Every kind, by name."""
    return sorted(_KINDS.values(), key=lambda kind: kind.name)


def _tell_submission(event: OutboxEvent) -> Told:
    """A step of a submission, as its page shows it: states, codes and what was released."""
    submission = submission_whole(submission_id=UUID(event.payload["submission"]))
    view = submission_view(submission)
    status, code = str(event.payload["status"]), str(event.payload["code"])
    data: dict[str, JsonValue] = {
        "id": str(view.id),
        "number": view.number,
        "competition": view.competition,
        "team": view.team,
        "message": view.message,
        "status": status,
        "code": code,
        "division": view.division,
        "phase": view.phase,
        "format": view.format,
        "submitted_at": view.submitted_at.isoformat(),
        "quota_charged": view.quota_charged,
        "score": None,
        "score_shown": None,
        "rank": None,
        "error": None,
        "url": view.url,
        "api_url": view.api_url,
    }
    if view.status == status:
        # Only of the state that the event speaks of: the present one may be another already.
        data |= {"score": view.score, "score_shown": view.score_shown, "rank": view.rank}
        if view.error is not None:
            error = view.error
            data["error"] = {"code": error.code, "title": error.title, "mend": error.mend}
    return Told(data, team_id=submission.team_id, competition_id=submission.competition_id)


def _tell_scoring_failed(event: OutboxEvent) -> Told:
    submission = submission_whole(submission_id=UUID(event.payload["submission"]))
    data: dict[str, JsonValue] = {
        "competition": submission.competition.slug,
        "submission": str(submission.pk),
        "url": submission_view(submission).url,
    }
    return Told(data, competition_id=submission.competition_id)


_SUMMARIES: Final[Mapping[Status, str]] = {
    Status.QUEUED: "A submission waits for a worker, for the first time or again",
    Status.PREDICTING: "A worker has begun to run the model",
    Status.SCORING: "The predictions are there and are being scored",
    Status.SCORED: "A submission has its score",
    Status.REJECTED: "Inspection has refused the model",
    Status.FAILED: "The run has failed",
    Status.CANCELLED: "A submission was taken back",
}

for _status, _summary in _SUMMARIES.items():
    register(EventKind(f"submission.{_status}", _summary, frozenset(Audience), _tell_submission))
register(
    EventKind(
        SCORING_FAILED_EVENT,
        "The metric or the labels fail; told at most once an hour",
        frozenset({Audience.HOSTS}),
        _tell_scoring_failed,
    )
)


def example_data() -> dict[str, Any]:
    """The `data` of a submission's event, as documentation shows it."""
    return {
        "id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "number": 7,
        "competition": "digits",
        "team": "Ada's team",
        "message": "wider first layer",
        "status": "scored",
        "code": "",
        "division": "nano",
        "phase": "main",
        "format": "onnx",
        "submitted_at": "2026-01-02T03:04:05+00:00",
        "quota_charged": True,
        "score": 0.9593,
        "score_shown": "0.9593",
        "rank": 3,
        "error": None,
        "url": "https://minigiants.example/submissions/01890a5d-ac96-774b-bcce-b302099a8057/",
        "api_url": "https://minigiants.example/api/v1/submissions/"
        "01890a5d-ac96-774b-bcce-b302099a8057",
    }
