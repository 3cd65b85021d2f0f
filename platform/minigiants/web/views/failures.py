"""The pages of last resort: for addresses that do not exist, and for what nobody foresaw.

Django makes them in another thread than the request's, whose end gives no connection back there.
They show who is logged in, so they have one: it is given back here.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from minigiants.core.threads import connections_release

API = "/api/"
P = ParamSpec("P")


def _last_resort(
    status: int, view: Callable[Concatenate[HttpRequest, P], HttpResponse]
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    @wraps(view)
    def show(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.path.startswith(API):
            return HttpResponse(status=status)  # the API's middleware says it as a problem
        try:
            return view(request, *args, **kwargs)
        finally:
            connections_release()

    return show


bad_request = _last_resort(400, defaults.bad_request)
permission_denied = _last_resort(403, defaults.permission_denied)
not_found = _last_resort(404, defaults.page_not_found)
server_error = _last_resort(500, defaults.server_error)
