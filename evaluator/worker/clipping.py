"""Making text fit the messages that carry it."""

from typing import Final

from evaluator.contract import LOG_CHARACTERS

DETAIL_CHARACTERS: Final = 2048
_CUT: Final = "\n[… {} characters cut …]\n"


def clip_log(text: str, limit: int = LOG_CHARACTERS) -> str:
    """The log with its middle cut out if it exceeds `limit` characters.

    Both ends matter: how a run began, and what it said last. Characters that can't be stored or
    sent (NUL, lone surrogates) become replacement characters.
    """
    text = text.replace("\0", "\ufffd").encode(errors="replace").decode()
    if len(text) <= limit:
        return text
    mark = _CUT.format(len(text))
    keep = limit - len(mark)
    head = keep // 2
    tail = keep - head
    return text[:head] + _CUT.format(len(text) - keep) + text[len(text) - tail :]


def clip_detail(text: str, limit: int = DETAIL_CHARACTERS) -> str:
    """The beginning of a sentence about a failure, as much as a report carries."""
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()[:limit]
