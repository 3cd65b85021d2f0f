"""What all answers below /api/ share, also those that no operation made."""

from collections.abc import Callable
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers, set_response_etag
from django.utils.decorators import sync_only_middleware

from minigiants.api.answers import MEDIA_TYPE, problem_response
from minigiants.api.problems import (
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    RequestTooLarge,
)
from minigiants.api.rate_limits import Allowance
from minigiants.core.problems import NotFound, Problem

PREFIX = "/api/"
CONTENT_TYPE = "Content-Type"


def _problem_of(request: HttpRequest, status: int) -> Problem:
    match status:
        case 404:
            return NotFound(f"Nothing answers at {request.path}.")
        case 405:
            return MethodNotAllowed(f"{request.method} is not for {request.path}.")
        case 413:
            return RequestTooLarge("The body is larger than this address takes.")
        case _ if status < 500:
            return MalformedRequest("The server could not make sense of the request.")
        case _:
            return InternalError("The request failed in a way that we did not expect.")


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if not request.path.startswith(PREFIX):
        return response
    if response.status_code >= 400 and response.get(CONTENT_TYPE) != MEDIA_TYPE:
        problem = problem_response(_problem_of(request, response.status_code))
        if "Allow" in response.headers:
            problem["Allow"] = response.headers["Allow"]
        response = problem
    response.setdefault("X-Content-Type-Options", "nosniff")
    # No cache may keep one person's answer for another; who asks again asks us.
    response.setdefault("Cache-Control", "private, no-cache")
    patch_vary_headers(response, ["Authorization", "Cookie"])
    response = _conditional(request, response)
    allowance: Allowance | None = getattr(request, "rate_allowance", None)
    if allowance is not None:
        for name, value in allowance.headers().items():
            response[name] = value
    return response


def _conditional(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """304 for whoever has this very answer already. It was made, permission checks and all."""
    if request.method != "GET" or response.status_code != 200:
        return response
    if "ETag" not in response.headers:
        if not isinstance(response, HttpResponse) or "no-store" in response["Cache-Control"]:
            return response
        set_response_etag(response)
    etag = response["ETag"]
    answer = get_conditional_response(request, etag=etag, response=response)  # type: ignore[arg-type]
    return response if answer is None else answer


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    """What is said of an address that no address of ours can be."""
    if request.path.startswith(PREFIX) and "\0" in unquote(request.get_full_path()):
        return problem_response(MalformedRequest("The address holds the character NUL."))
    return None


@sync_only_middleware
def api_answers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Turn every error into a problem document, and add the rate limit's headers."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _finish(request, _refusal(request) or get_response(request))

    return answer
