"""Errors that a person or a program can act on.

Every error of the domain is a `Problem`: a stable code, what happened, and how to mend it. The API
renders it as RFC 9457 problem details, pages as an error card, the command line as two lines.
"""

from typing import Any, ClassVar


class Problem(Exception):
    """Something that the caller can mend. Subclasses fix `code`, `status` and `title`."""

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "The request could not be carried out"
    mend: ClassVar[str] = ""

    def __init__(self, detail: str, *, mend: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.how_to_mend = self.mend if mend is None else mend
        self.quota_charged = False
        self.extra = extra

    def as_dict(self) -> dict[str, Any]:
        """The members of an RFC 9457 problem document."""
        return {
            "type": f"/docs/errors#{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "mend": self.how_to_mend,
            "quota_charged": self.quota_charged,
            **self.extra,
        }


class NotFound(Problem):
    code = "not_found"
    status = 404
    title = "There is nothing here"
    mend = "Check the address. What you may not see looks the same as what does not exist."


class NotPermitted(Problem):
    code = "not_permitted"
    status = 403
    title = "You may not do this"


class NotAuthenticated(Problem):
    code = "not_authenticated"
    status = 401
    title = "Log in first"
    mend = "Send a bearer token from Settings → Tokens, or log in."


class InvalidInput(Problem):
    code = "invalid_input"
    status = 422
    title = "Something in the request is not valid"


class Conflict(Problem):
    code = "conflict"
    status = 409
    title = "The state has changed meanwhile"
    mend = "Read the current state and try again."
