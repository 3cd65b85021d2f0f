"""What can go wrong, always with how to mend it."""

from typing import Any, Final

EXIT_SCORED: Final = 0
EXIT_ERROR: Final = 1
EXIT_REJECTED: Final = 2
EXIT_QUOTA: Final = 3
EXIT_FAILED: Final = 4
EXIT_TIMED_OUT: Final = 5
EXIT_USAGE: Final = 64
"""A command that is not written as it should be (EX_USAGE); 2 is taken."""

QUOTA_CODES: Final = frozenset({"quota_exhausted", "too_many_failures", "too_many_running"})


class MinigiantsError(Exception):
    """Something that the caller can mend. `code` is stable; programs tell errors apart by it."""

    def __init__(self, what: str, *, mend: str, code: str, exit_code: int = EXIT_ERROR) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend
        self.code = code
        self.exit_code = exit_code
        self.link = ""
        """Where more is said of it, if anywhere."""

    def as_dict(self) -> dict[str, Any]:
        """The error for programs."""
        return {"code": self.code, "detail": self.what, "mend": self.mend, "link": self.link}


class ApiProblem(MinigiantsError):
    """The server's answer was a problem document (RFC 9457), which `document` holds whole."""

    def __init__(self, status: int, document: dict[str, Any], *, server: str = "") -> None:
        code = str(document.get("code") or f"http_{status}")
        title = str(document.get("title") or f"The server answered {status}")
        detail = str(document.get("detail") or "")
        super().__init__(
            f"{title}: {detail}" if detail else title,
            mend=str(document.get("mend") or "Try again; if it stays, tell the operators."),
            code=code,
            exit_code=EXIT_QUOTA if code in QUOTA_CODES else EXIT_ERROR,
        )
        self.status = status
        self.document = document
        kind = str(document.get("type") or "")
        self.link = f"{server}{kind}" if kind.startswith("/") else ""

    def as_dict(self) -> dict[str, Any]:
        """The problem document."""
        return {**super().as_dict(), **self.document}


class Unreachable(MinigiantsError):
    """No answer came, or none that is Minigiants'."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"{url} does not answer: {reason}",
            mend="Check the address (MINIGIANTS_URL or `minigiants login --url`) and the network.",
            code="unreachable",
        )


class FileChanged(MinigiantsError):
    """A file is not what it was when the upload began."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} changed while it was sent.",
            mend="Wait until nothing writes to it, then submit again.",
            code="file_changed",
        )


class NotLoggedIn(MinigiantsError):
    """There is no token for the server."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"There is no token for {url}.",
            mend="Run `minigiants login`, or set MINIGIANTS_TOKEN.",
            code="not_logged_in",
        )
