"""Every error as RFC 9457 problem details."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic_core import to_json

from minigiants.api.problems import InternalError, MalformedRequest, RequestTooLarge, ScopeMissing
from minigiants.core.problems import InvalidInput, NotAuthenticated, NotFound, Problem

logger = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="minigiants"'


def problem_response(problem: Problem) -> HttpResponse:
    """`problem` as a response, with the headers that belong to its status."""
    response = HttpResponse(
        to_json(problem.as_dict()), status=problem.status, content_type=MEDIA_TYPE
    )
    response["Cache-Control"] = "no-store"
    if problem.status == 401:
        # RFC 6750, section 3: who has sent no credentials is told of no error.
        known = problem.code != NotAuthenticated.code
        response["WWW-Authenticate"] = CHALLENGE + (
            _said("invalid_token", problem) if known else ""
        )
    elif problem.code == ScopeMissing.code:
        scope = f', scope="{problem.extra["scope"]}"'
        response["WWW-Authenticate"] = CHALLENGE + _said("insufficient_scope", problem) + scope
    retry_after = _retry_after(problem.extra)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _said(error: str, problem: Problem) -> str:
    return f', error="{error}", error_description="{problem.title}"'


def _retry_after(extra: dict[str, Any]) -> int | None:
    """Whole seconds after which asking again makes sense, if the problem knows."""
    if "retry_after" in extra:
        return max(1, math.ceil(float(extra["retry_after"])))
    renews_at = extra.get("renews_at")
    if isinstance(renews_at, str):
        renews_at = datetime.fromisoformat(renews_at)
    if isinstance(renews_at, datetime):
        return max(1, math.ceil((renews_at - timezone.now()).total_seconds()))
    return None


def validation_problem(error: ValidationError) -> InvalidInput:
    """What ninja found wrong with the parameters and the body, field by field."""
    fields = [
        {
            "field": ".".join(str(step) for step in item["loc"] if step != "payload"),
            "message": item["msg"],
            "type": item["type"],
        }
        for item in error.errors
    ]
    first = fields[0]
    return InvalidInput(
        f"{first['field']}: {first['message']}",
        mend="Correct the fields listed in `errors`; their form is in /api/v1/openapi.json.",
        errors=fields,
    )


def _answer_problem(_request: HttpRequest, error: Problem) -> HttpResponse:
    return problem_response(error)


def _answer_unauthenticated(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem_response(NotAuthenticated("This needs a token or a session."))


def _answer_validation(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problem_response(validation_problem(error))


def _answer_missing(request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem_response(NotFound(f"Nothing answers at {request.path}."))


def _answer_malformed(_request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja raises HttpError only for bodies that could not be parsed, in place of the reason.
    reason = error.__cause__
    if isinstance(reason, Problem):
        return problem_response(reason)
    if isinstance(reason, RequestDataTooBig):
        return problem_response(RequestTooLarge(str(reason)))
    return problem_response(MalformedRequest("The body is no JSON."))


def _answer_too_large(_request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problem_response(RequestTooLarge(str(error)))


def _answer_suspicious(_request: HttpRequest, _error: Exception) -> HttpResponse:
    return problem_response(MalformedRequest("The server could not make sense of the request."))


def _answer_unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("api.unexpected", method=request.method, path=request.path, exc_info=error)
    return problem_response(InternalError("The request failed in a way that we did not expect."))


_HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    Problem: _answer_problem,
    AuthenticationError: _answer_unauthenticated,
    ValidationError: _answer_validation,
    Http404: _answer_missing,
    HttpError: _answer_malformed,
    RequestDataTooBig: _answer_too_large,
    SuspiciousOperation: _answer_suspicious,
    UnreadablePostError: _answer_suspicious,
    Exception: _answer_unexpected,
}


def install(api: NinjaAPI) -> None:
    """Make `api` answer each error that an operation raises as a problem."""
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
