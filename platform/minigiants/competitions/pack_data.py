"""Where a pack's data comes from: its `build_data.py`, or a folder in which it lies built."""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minigiants.competitions.models import PackFile
from minigiants.competitions.pack import DataFiles
from minigiants.competitions.pack_folder import BUILDER, SPECIFICATION, PackFolder
from minigiants.competitions.pack_split import ColumnSplit, FileSplit
from minigiants.competitions.problems import PackFault, PackRefused

BUILT = "built"
"""The folder of an archive that holds the data as the builder left it on its author's machine."""
BUILD_SECONDS = 600
SHOWN_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file as it lies ready: `path` names it in the pack, `source` on disk."""

    role: PackFile.Role
    path: str
    source: Path


def sha256_of(path: Path) -> str:
    """The plain SHA-256 of a file, as hex: what other tools than ours compare."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def built_data(pack: PackFolder) -> Iterator[Path]:
    """A temporary folder with the pack's data, which lives as long as the context.

    Raises PackRefused if the builder fails or takes longer than `BUILD_SECONDS`.
    """
    with tempfile.TemporaryDirectory(prefix="minigiants-build-") as name:
        out = Path(name).resolve() / "out"
        out.mkdir()
        _run_builder(pack.folder, out)
        yield out


def pack_files(pack: PackFolder, built: Path) -> list[BuiltFile]:
    """The pack's files: its data as it lies in `built`, and its metric's code.

    Raises PackRefused where a file is announced and not there.
    """
    return [*_announced(pack.spec.data, built), *_metric_code(pack)]


def source_files(pack: PackFolder, built: Path) -> list[BuiltFile]:
    """What else a host would need to publish the pack again: builders, baselines, labels as built.

    Links, caches and hidden files are left out. Paths under `BUILT` are those of built files.
    """
    spec = pack.spec
    known = {SPECIFICATION, *(f"pages/{name}.md" for name in pack.pages)}
    known |= {spec.metric.file} if spec.metric is not None else set()
    found = [
        (path.relative_to(pack.folder).as_posix(), path)
        for path in sorted(pack.folder.rglob("*"))
        if _is_own_file(path, pack.folder)
        and not any(
            part.startswith(".") or part in {"__pycache__", BUILT}
            for part in path.relative_to(pack.folder).parts
        )
    ]
    told = split_file(pack, built)
    rebuilt = [] if spec.split == ColumnSplit() else [(spec.data.labels, built / spec.data.labels)]
    if told is not None and isinstance(spec.split, FileSplit):
        rebuilt.append((spec.split.file, told))
    return [
        *(BuiltFile(PackFile.Role.SOURCE, name, path) for name, path in found if name not in known),
        *(BuiltFile(PackFile.Role.SOURCE, f"{BUILT}/{name}", path) for name, path in rebuilt),
    ]


def split_file(pack: PackFolder, built: Path) -> Path | None:
    """The file that tells the split, where one does. Raises PackRefused where it is not there."""
    split = pack.spec.split
    if not isinstance(split, FileSplit):
        return None
    path = built / split.file
    if not _is_own_file(path, built):
        raise _refused(SPECIFICATION, f"split: {BUILDER} wrote no file {split.file}")
    return path


def _run_builder(folder: Path, out: Path) -> None:
    # A fixed environment: the result may depend on neither the caller's variables, which hold
    # this server's secrets, nor the locale, nor the order of hashes.
    environment = {
        "HOME": str(out.parent),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
        "TMPDIR": str(out.parent),
        "TZ": "UTC",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-s", BUILDER, str(out)],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _refused(BUILDER, f"took longer than {BUILD_SECONDS} seconds") from error
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()[-SHOWN_CHARACTERS:]
        raise _refused(BUILDER, f"ended with exit status {done.returncode}:\n{said}")


def _announced(data: DataFiles, out: Path) -> list[BuiltFile]:
    announced = [
        *((PackFile.Role.PUBLIC, path) for path in data.public),
        (PackFile.Role.SMOKE_INPUTS, data.smoke_inputs),
        (PackFile.Role.HIDDEN_INPUTS, data.hidden_inputs),
        (PackFile.Role.LABELS, data.labels),
    ]
    files = [BuiltFile(role, path, out / path) for role, path in announced if path is not None]
    faults = [
        PackFault(
            SPECIFICATION, None, "data", f"{BUILDER} wrote no file {file.path}, which is announced"
        )
        for file in files
        if not _is_own_file(file.source, out)
    ]
    if faults:
        raise PackRefused(faults)
    return files


def _metric_code(pack: PackFolder) -> list[BuiltFile]:
    metric = pack.spec.metric
    if metric is None:
        return []
    return [BuiltFile(PackFile.Role.METRIC_CODE, metric.file, pack.folder / metric.file)]


def _is_own_file(path: Path, out: Path) -> bool:
    """Whether it is a plain file that lies in `out` by itself, not by way of a link."""
    return path.is_file() and path.resolve() == path and path.is_relative_to(out)


def _refused(file: str, message: str) -> PackRefused:
    return PackRefused([PackFault(file, None, "", message)])
