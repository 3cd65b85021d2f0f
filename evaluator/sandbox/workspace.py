"""A worker's folder of jobs, and how to tell what a dead worker left behind.

Each sandbox owns one folder in the worker's scratch and holds a lock in it for as long as its
process lives. A folder whose lock nobody holds belongs to the dead, and so does every container
that carries the folder's name: this works across process namespaces, where a process id would not.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from evaluator.sandbox.base import SandboxFault

PREFIX = "owner-"
CONFINED_PREFIX = "confined-"
"""Of owners without containers. Who sweeps them need not reach the engine, and must leave the
others: their folder is all that tells of their containers."""

LOCK = "lock"
MOUNT_POINT = "root"
FILE_MODE = 0o444
FOLDER_MODE = 0o755
READABLE_BY_OTHERS = 0o004


class JobFolder:
    """What one sandboxed process sees of the host, read-only: the files of its job."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def place(self, source: Path, name: str) -> None:
        """Put a file, or a folder with all that is in it, into the job under `name`.

        Files are hard links where that is possible and the file is readable by others, else
        copies. Raises `SandboxFault` for anything that is neither a file nor a folder.
        """
        try:
            _place(source, self.path / name)
        except OSError as error:
            raise SandboxFault(f"The job's files could not be laid out: {error}") from error

    def part(self, name: str) -> "JobFolder":
        """A new folder `name` in this one, for one of many jobs. Raises `SandboxFault`."""
        path = self.path / name
        try:
            path.mkdir()
            path.chmod(FOLDER_MODE)
        except OSError as error:
            raise SandboxFault(f"No job folder in {self.path}: {error}") from error
        return JobFolder(path)

    def remove(self) -> None:
        """Remove it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


class Workspace:
    """The folder of one sandbox in `scratch`, locked until `close`.

    `mount_point` is an empty folder in it, for a mount that only a confined process sees.
    """

    def __init__(self, scratch: Path, *, prefix: str = PREFIX) -> None:
        """`prefix` tells the kind of owner, `PREFIX` or `CONFINED_PREFIX`."""
        self._prefix = prefix
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._scratch = scratch.resolve()
        self.owner = uuid4().hex
        # Under another name until the lock is held, so that no sweep takes it for abandoned.
        unborn = Path(tempfile.mkdtemp(prefix="new-", dir=self._scratch))
        self._lock = os.open(unborn / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (unborn / MOUNT_POINT).mkdir()
        self._folder = unborn.rename(self._scratch / f"{prefix}{self.owner}")
        self.mount_point = self._folder / MOUNT_POINT

    def new_job(self) -> JobFolder:
        """A folder for one job, which whoever asks for it has to remove."""
        try:
            path = Path(tempfile.mkdtemp(prefix="job-", dir=self._folder))
            path.chmod(FOLDER_MODE)
        except OSError as error:
            raise SandboxFault(f"No job folder in {self._scratch}: {error}") from error
        return JobFolder(path)

    @contextmanager
    def job(self) -> Iterator[JobFolder]:
        """A folder for one job, removed at the end."""
        job = self.new_job()
        try:
            yield job
        finally:
            job.remove()

    def sweep(self, remove_containers: Callable[[str], None] | None = None) -> None:
        """Remove what dead owners of this kind left here; containers by `remove_containers`."""
        for folder in self._scratch.glob(f"{self._prefix}*"):
            if folder != self._folder and _abandoned(folder):
                if remove_containers is not None:
                    remove_containers(folder.name.removeprefix(self._prefix))
                shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove the folder and give up the lock."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)


def _abandoned(folder: Path) -> bool:
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return folder.is_dir()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _place(source: Path, target: Path) -> None:
    mode = source.lstat().st_mode
    if stat.S_ISDIR(mode):
        target.mkdir()
        target.chmod(FOLDER_MODE)
        for entry in source.iterdir():
            _place(entry, target / entry.name)
    elif stat.S_ISREG(mode):
        _link_or_copy(source, target, readable=bool(mode & READABLE_BY_OTHERS))
    else:
        raise SandboxFault(f"{source.name} is neither a file nor a folder.")


def _link_or_copy(source: Path, target: Path, *, readable: bool) -> None:
    if readable:
        try:
            target.hardlink_to(source)
        except FileExistsError:
            raise
        except OSError:
            pass  # another file system, or the kernel protects hard links: a copy serves as well
        else:
            return
    # "x" makes the file or fails: were a link lying there, the host would write where it points.
    with source.open("rb") as original, target.open("xb") as copy:
        shutil.copyfileobj(original, copy)
        os.fchmod(copy.fileno(), FILE_MODE)
