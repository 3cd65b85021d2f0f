"""The workers' own routes: presence, claim, heartbeat, results, report, signed blobs.

A worker's credential opens claims of its role and profile. What belongs to one attempt is opened
by that attempt's report token, which dies with the report.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Router
from ninja.security.base import AuthBase

from evaluator.contract import (
    ClaimRequest,
    Heartbeat,
    HeartbeatAnswer,
    PredictJob,
    PredictReport,
    Presence,
    Role,
    ScoreJob,
    ScoreReport,
    StoredBlob,
)
from minigiants.api.authentication import address_of, count_request
from minigiants.core.downloads import blob_chunks
from minigiants.core.problems import NotPermitted
from minigiants.submissions.blobs import blob_granted, result_store
from minigiants.submissions.claims import evaluation_claim, evaluation_heartbeat
from minigiants.submissions.models import WorkerKey
from minigiants.submissions.problems import InvalidWorkerKey
from minigiants.submissions.reports import predict_report_record, score_report_record
from minigiants.submissions.workers import presence_record, worker_authenticate


def _bearer(request: HttpRequest) -> str | None:
    """The bearer token that was sent, if one was."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


class WorkerKeyAuth(AuthBase):
    """A worker's credential in the Authorization header."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A worker's credential, bound to its role and profile."

    def __call__(self, request: HttpRequest) -> WorkerKey | None:
        """The credential that was sent. Raises InvalidWorkerKey, RateLimited."""
        secret = _bearer(request)
        if secret is None:
            return None
        try:
            key = worker_authenticate(secret=secret)
        except InvalidWorkerKey:
            count_request(request, policy="refused", caller=address_of(request))
            raise
        count_request(request, policy="worker", caller=str(key.pk))
        return key


class ReportTokenAuth(AuthBase):
    """An attempt's report token in the Authorization header; the service checks it."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "The report token of a running attempt."

    def __call__(self, request: HttpRequest) -> str | None:
        """The token, unchecked: what it opens is known to the service alone."""
        count_request(request, policy="attempt", caller=address_of(request))
        return _bearer(request)


class WorkerRequest(HttpRequest):
    """A request that `WorkerKeyAuth` has let through."""

    auth: WorkerKey


class AttemptRequest(HttpRequest):
    """A request that carries a report token."""

    auth: str


router = Router(tags=["workers"], auth=WorkerKeyAuth())


def _require(key: WorkerKey, role: Role) -> None:
    if key.role != role:
        raise NotPermitted(f"This credential is for {key.role}.{key.profile}.")


@router.post("/presence", response={204: None}, operation_id="worker_presence")
def presence(request: WorkerRequest, message: Presence) -> HttpResponse:
    """A worker says that it is there and what it offers."""
    presence_record(key=request.auth, presence=message)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@router.post(
    "/evaluations/{evaluation_id}/claim",
    response=PredictJob | ScoreJob,
    operation_id="worker_claim",
)
def claim(
    request: WorkerRequest, evaluation_id: UUID, message: ClaimRequest
) -> PredictJob | ScoreJob:
    """Take an attempt; 409 `claim_lost` when it is not to be had."""
    return evaluation_claim(key=request.auth, evaluation_id=evaluation_id, request=message)


@router.post(
    "/evaluations/{evaluation_id}/heartbeat",
    response=HeartbeatAnswer,
    operation_id="worker_heartbeat",
)
def heartbeat(request: WorkerRequest, evaluation_id: UUID, message: Heartbeat) -> HeartbeatAnswer:
    """Renew the lease of a running attempt."""
    return evaluation_heartbeat(evaluation_id=evaluation_id, heartbeat=message)


@router.post(
    "/evaluations/{evaluation_id}/report", response={204: None}, operation_id="worker_report"
)
def report(
    request: WorkerRequest, evaluation_id: UUID, message: PredictReport | ScoreReport
) -> HttpResponse:
    """The end of an attempt. It counts once; afterwards 410 `attempt_over`."""
    if isinstance(message, PredictReport):
        _require(request.auth, Role.PREDICT)
        predict_report_record(evaluation_id=evaluation_id, report=message)
    else:
        _require(request.auth, Role.SCORE)
        score_report_record(evaluation_id=evaluation_id, report=message)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@router.put(
    "/evaluations/{evaluation_id}/blob",
    response=StoredBlob,
    auth=ReportTokenAuth(),
    operation_id="worker_result",
)
def store_result(request: AttemptRequest, evaluation_id: UUID) -> StoredBlob:
    """Store the predictions or the losses of a running attempt: the raw body."""
    body: Any = request
    return result_store(evaluation_id=evaluation_id, token=request.auth, body=body)


@router.get("/blobs/{token}", auth=None, operation_id="worker_blob")
def fetch_blob(request: HttpRequest, token: str) -> StreamingHttpResponse:
    """A blob by its signed address, as long as the attempt runs."""
    count_request(request, policy="attempt", caller=address_of(request))
    grant = blob_granted(token=token)
    return StreamingHttpResponse(blob_chunks(grant.digest), content_type="application/octet-stream")
