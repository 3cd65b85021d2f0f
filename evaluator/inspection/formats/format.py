"""What inspection has to know about a format of artifacts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.ledger import Ledger

Inspect = Callable[[Mapping[str, ArtifactFile], Ledger], None]


@dataclass(frozen=True)
class Format:
    """A format of artifacts.

    `entries` are the paths that the model may be loaded from, the first being the usual one; an
    artifact is of this format when it has one of them. `inspect` gets the files by path, an entry
    among them, all with plain paths. It counts into the ledger every byte of every file, and notes
    there what it refuses.
    """

    name: str
    entries: tuple[str, ...]
    runs_participant_code: bool
    inspect: Inspect
