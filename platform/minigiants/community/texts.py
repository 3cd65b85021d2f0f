"""What is written: checked before it is kept, cut before it is mailed."""

import unicodedata
from typing import Final

from minigiants.community.models import BODY_CHARACTERS, REASON_CHARACTERS, TITLE_CHARACTERS
from minigiants.core.problems import InvalidInput

EXCERPT_CHARACTERS: Final = 400


def clean_title(title: str) -> str:
    """`title` on one line, in characters that can be seen. Raises InvalidInput."""
    return _one_line(title, "title", TITLE_CHARACTERS)


def clean_reason(reason: str) -> str:
    """Why something is reported or hidden, on one line. Raises InvalidInput."""
    return _one_line(reason, "reason", REASON_CHARACTERS)


def clean_body(body: str) -> str:
    """Markdown, with line ends of one kind. Raises InvalidInput where it is empty or too long."""
    body = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body or len(body) > BODY_CHARACTERS or "\0" in body:
        raise InvalidInput(
            f"A text has 1 to {BODY_CHARACTERS:,} characters.", mend="Write less, or link to it."
        )
    return body


def excerpt(body: str) -> str:
    """The beginning of a text, for a mail or a list."""
    if len(body) <= EXCERPT_CHARACTERS:
        return body
    return body[: EXCERPT_CHARACTERS - 1].rsplit(maxsplit=1)[0] + "…"


def _one_line(text: str, name: str, limit: int) -> str:
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text or len(text) > limit or not text.isprintable():
        raise InvalidInput(
            f"A {name} has 1 to {limit} characters that can be seen.", mend="Change it."
        )
    return text
