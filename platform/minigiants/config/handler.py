"""Django's handler of requests, with one step from the event loop into a thread and back."""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """Runs middleware and view of a request in the request's thread, in one go.

    All middleware and nearly all views here are synchronous. Django's own handler crosses between
    the event loop and that thread before the view, after it, and for every view hook of middleware;
    each crossing costs more than a small query. An asynchronous view still runs in the event loop.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to a request; an exception becomes one."""
        response: HttpResponseBase = await sync_to_async(self.get_response)(request)
        return response
