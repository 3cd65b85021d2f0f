"""Who is asking."""

from django.http import HttpRequest

from minigiants.accounts.models import User
from minigiants.core.problems import NotAuthenticated


def person_of(request: HttpRequest) -> User:
    """The person who is logged in. Raises NotAuthenticated, which leads to the log-in page."""
    if not isinstance(request.user, User):
        raise NotAuthenticated("This page is yours alone.")
    return request.user


def person_or_none(request: HttpRequest) -> User | None:
    """The person who is logged in, if anybody is."""
    return request.user if isinstance(request.user, User) else None
