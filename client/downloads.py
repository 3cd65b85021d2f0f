"""Fetching public data, and making sure that it is what the server says."""

from pathlib import Path, PurePosixPath
from typing import Final

from client.errors import MinigiantsError, Unreachable
from client.progress import Progress
from client.transport import Transport
from client.views import DataFile
from evaluator.blob_hash import BlobHash
from evaluator.contract import PART_BYTES

ATTEMPTS: Final = 3


def digest_of(path: Path) -> str:
    """The composite digest of a local file."""
    hasher = BlobHash()
    with path.open("rb") as stream:
        while data := stream.read(PART_BYTES):
            hasher.update(data)
    return hasher.digest()


def download_verified(
    transport: Transport,
    slug: str,
    file: DataFile,
    folder: Path,
    progress: Progress | None = None,
) -> Path:
    """Fetch `file` to its place under `folder`. Nothing remains of a download that is not right.

    What the server refuses is told at once; a download that breaks off, or is not what it should
    be, is begun anew. Raises MinigiantsError.
    """
    tell = progress or (lambda _count: None)
    relative = PurePosixPath(file.path)
    if relative.is_absolute() or ".." in relative.parts:
        raise MinigiantsError(
            f"The server names a file outside the folder: {file.path}",
            mend="Do not trust this server; tell its operators.",
            code="unsafe_path",
        )
    target = folder.joinpath(*relative.parts)
    if target.is_file() and target.stat().st_size == file.size and digest_of(target) == file.digest:
        tell(file.size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    try:
        for attempt in range(1, ATTEMPTS + 1):
            if _fetch(transport, slug, file, partial, tell, last=attempt == ATTEMPTS):
                partial.replace(target)
                return target
    finally:
        partial.unlink(missing_ok=True)
    raise MinigiantsError(
        f"{file.path} arrived with another digest than the server names.",
        mend="Try again; if it stays, tell the operators.",
        code="download_corrupt",
    )


def _fetch(
    transport: Transport,
    slug: str,
    file: DataFile,
    partial: Path,
    tell: Progress,
    *,
    last: bool,
) -> bool:
    hasher = BlobHash()
    try:
        with partial.open("wb") as stream:

            def write(data: bytes) -> None:
                hasher.update(data)
                stream.write(data)
                tell(len(data))

            transport.download(f"/competitions/{slug}/data/{file.path}", write)
    except Unreachable:
        if last:
            raise
        tell(-hasher.size)
        return False
    if hasher.digest() == file.digest:
        return True
    tell(-hasher.size)
    return False
