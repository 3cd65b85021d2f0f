"""What can be wrong with a request itself, before any service is asked."""

from minigiants.core.problems import Conflict, InvalidInput, NotPermitted, Problem


class MalformedRequest(Problem):
    code = "malformed_request"
    title = "The request can't be read"
    mend = "Send well-formed HTTP with a JSON body in UTF-8."


class RequestTooLarge(Problem):
    code = "request_too_large"
    status = 413
    title = "The request's body is too large"
    mend = "Bodies are small JSON; files are sent in parts, see POST /api/v1/uploads."


class MethodNotAllowed(Problem):
    code = "method_not_allowed"
    status = 405
    title = "This address does not take this method"
    mend = "The Allow header lists those that it takes."


class UnsupportedMediaType(Problem):
    code = "unsupported_media_type"
    status = 415
    title = "The body is of a kind that is not taken here"
    mend = "Send JSON with the header `Content-Type: application/json`."


class CsrfFailed(NotPermitted):
    code = "csrf_failed"
    title = "The request carries no proof that it comes from our own pages"
    mend = "Send the CSRF token in X-CSRFToken, or use a bearer token instead of the session."


class ScopeMissing(NotPermitted):
    code = "scope_missing"
    title = "The token's scopes do not allow this"
    mend = "Make a token with the scope named in `scope` in Settings → Tokens."


class TokenBound(NotPermitted):
    code = "token_bound"
    title = "The token is bound to another competition"
    mend = "Use a token of that competition, or make one that is bound to none."


class SessionNeeded(NotPermitted):
    code = "session_needed"
    title = "A token can't do this"
    mend = "Log in on the pages and do it there: a token that leaks must not make others."


class RateLimited(Problem):
    code = "rate_limited"
    status = 429
    title = "Too many requests"
    mend = "Wait as many seconds as Retry-After says. Waiting with ?wait= or events needs fewer."


class TooManyWaiting(Problem):
    code = "too_many_waiting"
    status = 429
    title = "Too many requests of yours are waiting"
    mend = "Let some of them end; a webhook tells of all submissions without waiting."


class IdempotencyKeyInvalid(InvalidInput):
    code = "idempotency_key_invalid"
    title = "This can't be an Idempotency-Key"
    mend = "Use 1 to 255 visible ASCII characters, such as a UUID."


class IdempotencyKeyReused(InvalidInput):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"
    mend = "Make a new key for each new request; repeat a key only with the very same request."


class IdempotencyInFlight(Conflict):
    code = "idempotency_in_flight"
    title = "The first request with this Idempotency-Key is still running"
    mend = "Repeat the request in a moment: you will get the first one's answer."


class InternalError(Problem):
    code = "internal_error"
    status = 500
    title = "Something is wrong on our side"
    mend = "Try again. It has been logged; if it stays, tell the operators when it happened."
