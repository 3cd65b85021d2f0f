"""Reading RFC 9457 problem documents off responses."""

from typing import Any


def code_of(response: Any) -> str:
    """The problem's code. Fails unless the response is a whole problem document."""
    assert response["Content-Type"] == "application/problem+json", response.content
    document = response.json()
    assert document["status"] == response.status_code
    assert {"type", "title", "detail", "mend", "quota_charged"} <= set(document)
    assert document["detail"]
    return str(document["code"])
