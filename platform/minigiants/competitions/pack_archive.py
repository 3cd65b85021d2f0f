"""Packs as archives: how they come from an organizer's machine, and how they are given back.

An archive is a ZIP file with the pack's folder at its root and the data, which the organizer's own
machine has built, in the folder `built`. Nothing of it is ever run here: `build_data.py` is kept
for its author, no more.
"""

import stat
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final

import yaml

from minigiants.competitions.models import PackFile, PackVersion
from minigiants.competitions.pack_data import BUILT
from minigiants.competitions.pack_folder import SPECIFICATION
from minigiants.competitions.problems import PackFault, PackRefused
from minigiants.core.blobstore import blob_store
from minigiants.core.threads import in_thread

MAX_ARCHIVE_BYTES: Final = 512 * 1024**2
MAX_UNPACKED_BYTES: Final = 1024**3
MAX_MEMBERS: Final = 5000
MAX_NAME_CHARACTERS: Final = 255
CHUNK_BYTES: Final = 1024**2
METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
ENCRYPTED: Final = 0x1
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The time that exported members bear, so that the same version is the same bytes."""


@contextmanager
def unpacked(archive: BinaryIO, *, slug: str) -> Iterator[Path]:
    """The pack in `archive` as a folder called `slug`, which lives as long as the context.

    Raises PackRefused for what is no archive or no plain tree of files: a name that leaves the
    folder, a link, an encrypted or doubled member, more members or bytes than allowed. What a
    member claims of its size is not believed; bytes are counted as they come.
    """
    with TemporaryDirectory(prefix="minigiants-archive-") as name:
        folder = Path(name).resolve() / slug
        folder.mkdir()
        try:
            with zipfile.ZipFile(archive) as opened:
                _unpack(opened, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as e:
            raise _refused("", f"is no ZIP file that can be read: {e}") from e
        yield folder


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_MEMBERS:
        raise _refused("", f"has {len(members)} files; {MAX_MEMBERS} are allowed")
    seen: set[str] = set()
    left = MAX_UNPACKED_BYTES
    for member in members:
        path = _safe_path(member, seen)
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            left = _copy(archive, member, target, left)
        except (FileExistsError, NotADirectoryError) as error:
            raise _refused(member.filename, "is a file and a folder") from error


def _safe_path(member: zipfile.ZipInfo, seen: set[str]) -> PurePosixPath:
    name = member.filename
    path = PurePosixPath(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if (
        path.is_absolute()
        or ".." in path.parts
        or str(path) != name
        or "\\" in name
        or ":" in name
        or len(name) > MAX_NAME_CHARACTERS
        or not name.isprintable()
    ):
        raise _refused(name, "has a name that does not stay within the pack")
    if kind not in {0, stat.S_IFREG}:
        raise _refused(name, "is a link or a device, not a file")
    if member.flag_bits & ENCRYPTED or member.compress_type not in METHODS:
        raise _refused(name, "is encrypted, or compressed by another method than deflate")
    if name.casefold() in seen:
        raise _refused(name, "is there twice")
    seen.add(name.casefold())
    return path


def _copy(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    with archive.open(member) as source, target.open("xb") as copy:
        while chunk := source.read(CHUNK_BYTES):
            left -= len(chunk)
            if left < 0:
                raise _refused("", f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
            copy.write(chunk)
    return left


def _refused(name: str, message: str) -> PackRefused:
    return PackRefused([PackFault(name[:100] or "archive", None, "", message)])


def export_write(*, version: PackVersion, target: Path) -> None:
    """Write a version as an archive that can be published again.

    It holds what is hidden: who may have it is the caller's to decide.
    """
    text = version.specification_text or yaml.safe_dump(version.specification, sort_keys=False)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_member(SPECIFICATION), text)
        for name, page in sorted(version.pages.items()):
            archive.writestr(_member(f"pages/{name}.md"), page)
        for name, digest in sorted(_paths(version).items()):
            with blob_store().open(digest) as source, archive.open(_member(name), "w") as copy:
                while chunk := source.read(CHUNK_BYTES):
                    copy.write(chunk)


async def export_chunks(version: PackVersion) -> AsyncIterator[bytes]:
    """An export in pieces, for a streaming response. It is made when the first is asked for."""
    with TemporaryDirectory(prefix="minigiants-export-") as folder:
        target = Path(folder) / "pack.zip"
        await in_thread(lambda: export_write(version=version, target=target))
        with target.open("rb") as stream:
            while chunk := await in_thread(lambda: stream.read(CHUNK_BYTES)):
                yield chunk


def sources_write(*, version: PackVersion, folder: Path) -> None:
    """Write what a version keeps for its hosts, the baselines among it, into `folder`."""
    for file in version.files.filter(role=PackFile.Role.SOURCE):
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with blob_store().open(file.digest) as source, target.open("wb") as copy:
            while chunk := source.read(CHUNK_BYTES):
                copy.write(chunk)


def _paths(version: PackVersion) -> dict[str, str]:
    """Digests by their paths in the archive. Labels as they were built go before those kept."""
    files = list(version.files.all())
    data = {
        f"{BUILT}/{file.path}": file.digest
        for file in files
        if file.role not in {PackFile.Role.SOURCE, PackFile.Role.METRIC_CODE}
    }
    whole = {PackFile.Role.SOURCE, PackFile.Role.METRIC_CODE}
    return data | {file.path: file.digest for file in files if file.role in whole}


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = (stat.S_IFREG | 0o644) << 16
    return member
