"""Running a pack's `build_data.py` and collecting the files that its specification announces."""

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
from minigiants.competitions.problems import PackFault, PackRefused

BUILD_SECONDS = 600
SHOWN_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file as it lies ready: `path` names it in the pack, `source` on disk."""

    role: PackFile.Role
    path: str
    source: Path


@contextmanager
def built_data(pack: PackFolder) -> Iterator[list[BuiltFile]]:
    """The pack's files: its data, built into a temporary folder that lives as long as the context,
    and its metric's code, which lies in the pack itself.

    Raises PackRefused if the builder fails, takes longer than `BUILD_SECONDS`, or leaves out a
    file that is announced.
    """
    with tempfile.TemporaryDirectory(prefix="minigiants-build-") as name:
        out = Path(name).resolve() / "out"
        out.mkdir()
        _run_builder(pack.folder, out)
        yield [*_announced(pack.spec.data, out), *_metric_code(pack)]


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
