"""Why an artifact is refused, as a message, and as the exception that ends the reading of a file.

Each code has one reason and one remedy. They are listed in `catalogue`, and nowhere else, so that
the documentation and the tests can enumerate them.
"""

from pydantic import Field

from evaluator.contract import Message
from evaluator.inspection.catalogue import CATALOGUE, RefusalCode

__all__ = ["CATALOGUE", "SHOWN_CHARACTERS", "Refusal", "RefusalCode", "Refused", "refusal", "shown"]

SHOWN_CHARACTERS = 200
"""How much of a hostile name is repeated in a message."""


class Refusal(Message):
    """One reason why an artifact is not accepted.

    `path` is the file at fault, empty when the artifact as a whole is. `what` tells what was found,
    `why` why that is not accepted, and `mend` what to do about it.
    """

    code: str = Field(max_length=64)
    path: str
    what: str
    why: str
    mend: str


class Refused(Exception):
    """Stops the reading of a file that is refused."""

    def __init__(self, code: RefusalCode, path: str, what: str) -> None:
        super().__init__(f"{code}: {what}")
        self.refusal = refusal(code, path, what)


def refusal(code: RefusalCode, path: str, what: str) -> Refusal:
    """The refusal of `path` under `code`, with reason and remedy from the catalogue."""
    rule = CATALOGUE[code]
    return Refusal(code=code.value, path=shown(path), what=what, why=rule.why, mend=rule.mend)


def shown(name: str) -> str:
    """A name from an artifact as it may be displayed: printable, and cut when it is long.

    Control characters could forge lines in a terminal or a log; lone surrogates can't be encoded.
    """
    cut = name if len(name) <= SHOWN_CHARACTERS else name[: SHOWN_CHARACTERS - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else "\ufffd" for character in cut)
