"""Who is asking, and whether the token that they ask with allows it.

Deny by default: every operation names one of `required`, `public` or the workers' own schemes.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from minigiants.accounts.models import ApiToken, Scope, User
from minigiants.accounts.problems import InvalidToken
from minigiants.accounts.services import token_authenticate
from minigiants.api import rate_limits
from minigiants.api.problems import CsrfFailed, ScopeMissing, SessionNeeded
from minigiants.api.token_reach import Reach, require_competition, require_within


@dataclass(frozen=True, slots=True)
class Caller:
    """A person, and the token that speaks for them (None: their browser's session)."""

    user: User | AnonymousUser
    token: ApiToken | None = None

    @property
    def person(self) -> User | None:
        """The person, or None for someone unknown."""
        return self.user if isinstance(self.user, User) else None

    def require_competition(self, slug: str) -> None:
        """Raise TokenBound if the token is bound to another competition than `slug`."""
        if self.token is not None:
            require_competition(self.token, slug)


class ApiRequest(HttpRequest):
    """A request that has passed authentication."""

    auth: Caller
    rate_allowance: rate_limits.Allowance | None


def person_of(request: ApiRequest) -> User:
    """The person who asks, in an operation that `required` guards."""
    person = request.auth.person
    if person is None:
        raise TypeError("a public operation asked for a person")
    return person


def count_request(request: HttpRequest, *, policy: str, caller: str) -> None:
    """Count the request against a rate limit. Raises OverLimit."""
    try:
        request.rate_allowance = rate_limits.take(policy=policy, caller=caller)  # type: ignore[attr-defined]
    except rate_limits.OverLimit as error:
        request.rate_allowance = error.allowance  # type: ignore[attr-defined]
        raise


def address_of(request: HttpRequest) -> str:
    """Where the request comes from, as the server sees it."""
    return str(request.META.get("REMOTE_ADDR", "unknown"))


class BearerToken(AuthBase):
    """`Authorization: Bearer mg_…`. The token must hold `scope` (None: any scope will do)."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "An API token from Settings → Tokens."

    def __init__(self, scope: Scope | None, reach: Reach) -> None:
        super().__init__()
        self.scope = scope
        self.reach = reach

    def __call__(self, request: HttpRequest) -> Caller | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, secret = header.partition(" ")
        try:
            if scheme.lower() != "bearer":
                raise InvalidToken(f"The Authorization scheme {scheme[:20]!r} is not Bearer.")
            token = token_authenticate(secret=secret.strip())
        except InvalidToken:
            count_request(request, policy="refused", caller=address_of(request))
            raise
        count_request(request, policy="token", caller=str(token.pk))
        if self.scope is not None and self.scope not in token.scopes:
            raise ScopeMissing(
                f"The token {token} holds {', '.join(token.scopes)}; "
                f"this needs {self.scope.value}.",
                scope=self.scope.value,
            )
        if self.reach is Reach.ADDRESS:
            require_within(token, request)
        return Caller(token.user, token)


class NoToken:
    """Tells whoever sends a token that only a session will do."""

    def __call__(self, request: HttpRequest) -> None:
        if "Authorization" in request.headers:
            BearerToken(None, Reach.PERSON)(request)
            raise SessionNeeded("This takes the session of a person who is logged in.")


class BrowserSession(AuthBase):
    """The session of a person who is logged in; what changes something needs the CSRF token."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "sessionid"
    openapi_description = "The pages' own session, with X-CSRFToken on all but GET."

    def __call__(self, request: HttpRequest) -> Caller | None:
        user: Any = request.user
        if not user.is_authenticated:
            return None
        count_request(request, policy="session", caller=str(user.pk))
        # The check looks for its token in forms too, which would use the body up: keep it first.
        _ = request.body
        if check_csrf(request) is not None:
            raise CsrfFailed("The CSRF token is missing or wrong.")
        return Caller(user)


class Anyone:
    """Comes last in public operations: whoever has sent no credentials may read."""

    def __call__(self, request: HttpRequest) -> Caller:
        count_request(request, policy="address", caller=address_of(request))
        return Caller(AnonymousUser())


def required(scope: Scope | None, *, reach: Reach = Reach.ADDRESS) -> list[Any]:
    """For people only, by session or by a token that holds `scope` (None: any token)."""
    return [BearerToken(scope, reach), BrowserSession()]


def session_only() -> list[Any]:
    """For people only, and only by their session: what no token may do."""
    return [NoToken(), BrowserSession()]


def public(*, reach: Reach = Reach.ADDRESS) -> list[Any]:
    """For all. Credentials are not needed; wrong ones are refused all the same."""
    return [BearerToken(None, reach), BrowserSession(), Anyone()]
