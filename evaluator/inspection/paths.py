"""Which paths the files of an artifact may have."""

import re
from collections.abc import Sequence

from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.limits import (
    MAX_FILES,
    MAX_PATH_CHARACTERS,
    MAX_PATH_PART_CHARACTERS,
    MAX_REFUSALS,
)
from evaluator.inspection.refusals import Refusal, RefusalCode, refusal, shown

# ASCII only: other letters have several encodings that some systems hold for one name.
_PART = re.compile(r"[A-Za-z0-9._+=@,() -]+")
_DRIVE = re.compile(r"[A-Za-z]:")


def path_fault(path: str) -> RefusalCode | None:
    """Why `path` is not a plain relative path, or None if it is one."""
    if not path:
        return RefusalCode.PATH_EMPTY
    if path.startswith("/") or _DRIVE.match(path):
        return RefusalCode.PATH_ABSOLUTE
    parts = path.split("/")
    if any(part in {".", ".."} for part in re.split(r"[/\\]", path)):
        return RefusalCode.PATH_CLIMBS
    if "" in parts:
        return RefusalCode.PATH_EMPTY
    if len(path) > MAX_PATH_CHARACTERS or max(map(len, parts)) > MAX_PATH_PART_CHARACTERS:
        return RefusalCode.PATH_TOO_LONG
    if any(part.startswith(".") for part in parts):
        return RefusalCode.HIDDEN_FILE
    # Windows drops a trailing dot or space, which makes two names one.
    if any(not _PART.fullmatch(part) or part[-1] in ". " or part[0] == " " for part in parts):
        return RefusalCode.PATH_ODD_CHARACTERS
    return None


_WHAT = {
    RefusalCode.PATH_EMPTY: "has an empty part",
    RefusalCode.PATH_ABSOLUTE: "is absolute",
    RefusalCode.PATH_CLIMBS: "contains . or .. as a part",
    RefusalCode.PATH_TOO_LONG: "is too long",
    RefusalCode.HIDDEN_FILE: "names a hidden file or folder",
    RefusalCode.PATH_ODD_CHARACTERS: "contains characters that are not allowed",
}


def path_refusals(files: Sequence[ArtifactFile]) -> list[Refusal]:
    """What is wrong with the paths of an artifact, and with how many there are."""
    if len(files) > MAX_FILES:
        what = f"The artifact has {len(files)} files; at most {MAX_FILES} are allowed."
        return [refusal(RefusalCode.TOO_MANY_FILES, "", what)]
    refusals = []
    for file in files:
        code = path_fault(file.path)
        if code is not None:
            what = f"The path “{shown(file.path)}” {_WHAT[code]}."
            refusals.append(refusal(code, file.path, what))
    return (refusals or _collisions([file.path for file in files]))[:MAX_REFUSALS]


def _collisions(paths: Sequence[str]) -> list[Refusal]:
    """Paths that are one place on a system that ignores case, and files that are folders too.

    Folders are compared by their spelling as well: A/x and a/y are two folders or one.
    """
    refusals = []
    taken: dict[str, str] = {}
    for path in sorted(paths):
        parts = path.split("/")
        folders = ["/".join(parts[:length]) + "/" for length in range(1, len(parts))]
        for place in [*folders, path]:
            key = place.rstrip("/").lower()
            other = taken.get(key)
            if other is None or (other == place and place.endswith("/")):
                taken[key] = place
                continue
            what = f"The paths “{shown(other)}” and “{shown(path)}” collide."
            refusals.append(refusal(RefusalCode.PATH_DUPLICATE, path, what))
            break
    return refusals
