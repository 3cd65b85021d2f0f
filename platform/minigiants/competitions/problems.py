"""What can be wrong with a pack."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from minigiants.core.problems import Problem


@dataclass(frozen=True, slots=True)
class PackFault:
    """One thing that is wrong: in which file of the pack, on which line (from 1), in which field.

    `line` is None where the fault has no line, `field` is empty where it concerns the whole file.
    """

    file: str
    line: int | None
    field: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return (
            f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"
        )


class PackRefused(Problem):
    """The pack was not published. `faults` tells all that was found."""

    code = "pack_refused"
    status = 422
    title = "The pack cannot be published"
    mend = "Mend what is listed and publish again. What was published before goes on serving."

    def __init__(self, faults: Sequence[PackFault]) -> None:
        super().__init__(
            "\n".join(str(fault) for fault in faults), faults=[asdict(fault) for fault in faults]
        )
        self.faults = tuple(faults)


class PackChanged(Problem):
    code = "pack_changed"
    status = 409
    title = "Somebody has published another version meanwhile"
    mend = (
        "Nothing was changed. Copy what you have written, reload, and do it again on that version."
    )


class PageExists(Problem):
    code = "page_exists"
    status = 409
    title = "The pack has a page of this name"
    mend = "Edit that one, or choose another name."


class PageNeeded(Problem):
    code = "page_needed"
    status = 409
    title = "Every competition has this page"
    mend = "Write another text there instead."


class RulesNotAccepted(Problem):
    code = "rules_not_accepted"
    status = 403
    title = "The rules have not been accepted"
    mend = (
        "Read and accept them on the competition's Rules page, or: minigiants rules SLUG --accept"
    )


class LastOwner(Problem):
    code = "last_owner"
    status = 409
    title = "A competition keeps an owner"
    mend = "Make somebody else an owner first."
