"""Handing in, and following what becomes of it."""

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from ninja import Router
from ninja.params.functions import Query

from minigiants.accounts.models import Scope
from minigiants.accounts.services import token_check
from minigiants.api.authentication import ApiRequest, person_of, required
from minigiants.api.idempotency import idempotent
from minigiants.api.pagination import DEFAULT_LIMIT, CursorParam, LimitParam, newest_first
from minigiants.api.places import Place
from minigiants.api.resources.artifacts import inspection_out
from minigiants.api.schemas.artifacts import CountsOut
from minigiants.api.schemas.submissions import SubmissionIn, SubmissionList, SubmissionOut
from minigiants.api.waiting import MAX_WAIT_SECONDS, Snapshot, event_stream, wait_until_changed
from minigiants.competitions.selectors import competition_get
from minigiants.core.problems import InvalidInput, NotFound
from minigiants.core.threads import in_thread
from minigiants.submissions.lifecycle import Status
from minigiants.submissions.models import Submission
from minigiants.submissions.presentation import (
    SubmissionView,
    smoke_log,
    submission_view,
    submission_views,
)
from minigiants.submissions.selection import submission_select
from minigiants.submissions.selectors import submission_get, submission_list
from minigiants.submissions.services import submission_cancel, submission_create

router = Router(tags=["submissions"])

EVENT_SCHEMA = {
    "type": "object",
    "description": "The fields of one event",
    "required": ["event", "id", "data"],
    "properties": {
        "event": {"const": "state"},
        "id": {"type": "string", "pattern": r"^\d{1,18}$"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/SubmissionOut"},
        },
    },
}


def _out(submission: Submission) -> SubmissionOut:
    return _rendered(submission_view(submission))


def _rendered(view: SubmissionView) -> SubmissionOut:
    inspection = inspection_out(
        view.judgement, CountsOut.model_validate(view.counts) if view.counts is not None else None
    )
    told = {item.name: getattr(view, item.name) for item in fields(view)}
    return SubmissionOut.model_validate(
        {
            **told,
            "division": inspection.division,
            "inspection": inspection,
            "refusals": inspection.refusals,
        }
    )


def _place(request: ApiRequest) -> Place:
    return Place(str(person_of(request).pk))


def _reader(request: ApiRequest, submission_id: UUID) -> Callable[[], Snapshot]:
    """What reads the submission afresh, as long as the caller may."""
    person, token = person_of(request), request.auth.token

    def read() -> Snapshot:
        if token is not None:
            token_check(token_id=token.pk)
        submission = submission_get(user=person, submission_id=submission_id)
        view = submission_view(submission)
        return Snapshot(_rendered(view), view.last_change)

    return read


@router.post(
    "/competitions/{slug}/submissions",
    response={201: SubmissionOut},
    auth=required(Scope.SUBMIT),
    operation_id="submission_create",
)
@idempotent(status=201)
def create(request: ApiRequest, slug: str, payload: SubmissionIn) -> SubmissionOut:
    """Hand a model in. One that inspection refused comes back `rejected`, with the reasons."""
    person = person_of(request)
    return _out(
        submission_create(
            user=person,
            competition=competition_get(slug=slug, user=person),
            artifact_id=payload.artifact,
            message=payload.message,
        )
    )


@router.get(
    "/competitions/{slug}/submissions",
    response=SubmissionList,
    auth=required(Scope.READ),
    operation_id="submission_list",
)
def index(
    request: ApiRequest,
    slug: str,
    cursor: CursorParam = None,
    limit: LimitParam = DEFAULT_LIMIT,
    status: Annotated[
        list[Status],
        Query(max_length=len(Status), description="Any of these; repeat it for several"),
    ] = [],  # noqa: B006  (ninja's way to take a list)
    phase: Annotated[str | None, Query(max_length=32)] = None,
    division: Annotated[str | None, Query(max_length=32)] = None,
) -> SubmissionList:
    """Your team's submissions, the newest first."""
    person = person_of(request)
    competition = competition_get(slug=slug, user=person)
    rows = submission_list(
        user=person, competition=competition, statuses=status, phase=phase, division=division
    )
    page, next_cursor = newest_first(rows, cursor=cursor, limit=limit)
    return SubmissionList(
        items=[_rendered(view) for view in submission_views(page)], next_cursor=next_cursor
    )


@router.get(
    "/submissions/{submission_id}",
    response=SubmissionOut,
    auth=required(Scope.READ),
    operation_id="submission_read",
)
async def read(
    request: ApiRequest,
    submission_id: UUID,
    wait: Annotated[
        float,
        Query(
            ge=0,
            le=MAX_WAIT_SECONDS,
            description="Seconds to wait for a state other than `known`; a final one never waits",
        ),
    ] = 0,
    known: Annotated[
        str,
        Query(max_length=128, description="The ETag or `updated_at` that you have; default: now's"),
    ] = "",
) -> HttpResponse:
    """A submission of your team. With `wait` the answer comes when it changes: a long poll."""
    snapshot = await wait_until_changed(
        _reader(request, submission_id), known=known, seconds=wait, place=_place(request)
    )
    return HttpResponse(
        snapshot.body,
        content_type="application/json; charset=utf-8",
        headers={"ETag": snapshot.etag},
    )


@router.get(
    "/submissions/{submission_id}/events",
    auth=required(Scope.READ),
    operation_id="submission_events",
    openapi_extra={
        "parameters": [
            {
                "in": "header",
                "name": "Last-Event-ID",
                "required": False,
                "schema": {"type": "string", "pattern": r"^\d{1,18}$"},
                "description": "The `id` of the last event seen; the stream goes on after it.",
            }
        ],
        "responses": {
            200: {
                "description": "Events named `state`, each with a Submission as data. "
                "The stream ends after a final state.",
                "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
            }
        },
    },
)
async def events(request: ApiRequest, submission_id: UUID) -> StreamingHttpResponse:
    """The states of a submission as server-sent events."""
    header = request.headers.get("Last-Event-ID", "0")
    if not (header.isascii() and header.isdigit() and len(header) <= 18):
        raise InvalidInput(
            "Last-Event-ID is not the id of an event.", mend="Send one as received, or none."
        )
    reader = _reader(request, submission_id)
    place = _place(request)
    # What is wrong is told now, as a problem, not within the stream.
    await in_thread(reader)
    await in_thread(place.take)
    response = StreamingHttpResponse(
        event_stream(reader, seen=int(header), place=place), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@router.get(
    "/submissions/{submission_id}/log",
    auth=required(Scope.READ),
    operation_id="submission_log",
    openapi_extra={
        "responses": {
            200: {
                "description": "What the model wrote",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        }
    },
)
def log(request: ApiRequest, submission_id: UUID) -> HttpResponse:
    """What the model wrote in the smoke run on public data."""
    submission = submission_get(user=person_of(request), submission_id=submission_id)
    text = smoke_log(submission)
    if not text:
        raise NotFound(
            "This submission has no log.",
            mend="A log is there once the smoke run on public data is over.",
        )
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@router.post(
    "/submissions/{submission_id}/cancel",
    response=SubmissionOut,
    auth=required(Scope.SUBMIT),
    operation_id="submission_cancel",
)
@idempotent(status=200)
def cancel(request: ApiRequest, submission_id: UUID) -> SubmissionOut:
    """Stop a submission that is not finished."""
    return _out(submission_cancel(user=person_of(request), submission_id=submission_id))


@router.post(
    "/submissions/{submission_id}/select",
    response=SubmissionOut,
    auth=required(Scope.SUBMIT),
    operation_id="submission_select",
)
@idempotent(status=200)
def select(request: ApiRequest, submission_id: UUID) -> SubmissionOut:
    """Make a submission one of the team's final selections, which count on the private board."""
    return _out(submission_select(user=person_of(request), submission_id=submission_id))


@router.delete(
    "/submissions/{submission_id}/select",
    response=SubmissionOut,
    auth=required(Scope.SUBMIT),
    operation_id="submission_deselect",
)
def deselect(request: ApiRequest, submission_id: UUID) -> SubmissionOut:
    """Take a final selection back."""
    return _out(
        submission_select(user=person_of(request), submission_id=submission_id, is_selected=False)
    )
