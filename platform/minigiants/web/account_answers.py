"""Pages below /accounts/ show keys, recovery codes and addresses: no browser keeps them."""

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin

PREFIX: Final = "/accounts/"


class AccountAnswers(MiddlewareMixin):
    """Marks allauth's answers, few of which it marks itself, as not to be stored."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """`response`, with headers that forbid to keep it if it is about an account."""
        if request.path.startswith(PREFIX):
            add_never_cache_headers(response)
        return response
