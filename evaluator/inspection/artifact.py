"""The files of an artifact, wherever they are stored."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from evaluator.inspection.limits import MAX_FILES
from evaluator.inspection.refusals import RefusalCode, Refused, shown

_MAX_ENTRIES = 2 * MAX_FILES
"""Files and folders that are listed before a folder is given up as no model's."""


LEFT_BY_SYSTEMS = frozenset({"__pycache__", ".DS_Store", "Thumbs.db", "desktop.ini"})
"""Names that Python and file managers leave behind; the browser's upload leaves them out too."""


class ArtifactFile(Protocol):
    """A file of an artifact. The platform implements it over its blob store."""

    @property
    def path(self) -> str:
        """Where the file lies in the artifact, with / between the parts."""

    @property
    def size(self) -> int:
        """Its size in bytes."""

    def open(self) -> BinaryIO:
        """Opens its content for reading. The stream is seekable; the caller closes it."""


@dataclass(frozen=True)
class LocalFile:
    """A file of an artifact in a local folder."""

    path: str
    size: int
    location: Path

    def open(self) -> BinaryIO:
        """Opens the file, and never through a link that has taken its place meanwhile."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.fdopen(os.open(self.location, flags), "rb")


def folder_files(folder: Path) -> tuple[LocalFile, ...]:
    """The files under `folder` but those in `LEFT_BY_SYSTEMS`, sorted by path.

    Raises `Refused` for a link, a file that is not a regular one, and a folder with too many
    files, and `NotADirectoryError` or `FileNotFoundError` where there is no such folder.
    """
    return tuple(sorted(_walk(folder), key=lambda file: file.path))


def _walk(folder: Path) -> Iterator[LocalFile]:
    waiting = [(folder, "")]
    entries = 0
    while waiting:
        place, prefix = waiting.pop()
        with os.scandir(place) as listing:
            for entry in listing:
                if entry.name in LEFT_BY_SYSTEMS:
                    continue
                entries += 1
                if entries > _MAX_ENTRIES:
                    what = f"The folder holds more than {_MAX_ENTRIES} files and folders."
                    raise Refused(RefusalCode.TOO_MANY_FILES, "", what)
                path = prefix + entry.name
                details = entry.stat(follow_symlinks=False)
                if stat.S_ISLNK(details.st_mode):
                    raise Refused(RefusalCode.LINK, path, f"{shown(path)} is a symbolic link.")
                if stat.S_ISDIR(details.st_mode):
                    waiting.append((Path(entry.path), f"{path}/"))
                elif stat.S_ISREG(details.st_mode):
                    yield LocalFile(path, details.st_size, Path(entry.path))
                else:
                    what = f"{shown(path)} is not a regular file."
                    raise Refused(RefusalCode.SPECIAL_FILE, path, what)
