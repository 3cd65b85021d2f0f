"""Whom PostgreSQL and Redis run as.

Started by an ordinary user, they run as that user. Started by root, they drop to a service user,
which often can't reach the caller's folders; those are left as they are, and what the service
user needs goes where it can reach it.
"""

import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "minigiants"
FALLBACK_ACCOUNT = "nobody"
REACHABLE_ROOT = Path("/var/lib/minigiants")
"""Where root keeps what the service user must reach, when the home folder is out of its reach."""


@dataclass(frozen=True)
class ServiceUser:
    """An account without rights. `uid` and `gid` are what a child process switches to."""

    name: str
    uid: int
    gid: int

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may enter `folder`: asked of the kernel, not derived from modes."""
        return self._succeeds(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)])

    def can_run(self, program: Path) -> bool:
        """Whether this user may execute `program`, tried with `--version`."""
        return self._succeeds([str(program), "--version"])

    def own(self, path: Path) -> None:
        """Make this user the owner of `path` (not of what lies in it)."""
        os.chown(path, self.uid, self.gid)

    def _succeeds(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except PermissionError:
            return False
        return done.returncode == 0


@functools.cache
def service_user() -> ServiceUser | None:
    """The account to drop to, or None when the caller isn't root and has nothing to drop.

    Root gets a system account `minigiants`, made on first use; where accounts can't be made (no
    `useradd`, a read-only /etc), `nobody`.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _create_account()
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create_account() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is not None:
        command = [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", "--user-group", ACCOUNT]
        subprocess.run(command, check=False, capture_output=True)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return pwd.getpwnam(FALLBACK_ACCOUNT)


def reachable_folder(wanted: Path, user: ServiceUser | None) -> Path:
    """A folder for the servers' data: `wanted`, or one that the service user can enter instead.

    The choice is kept: where `wanted` is out of reach it becomes a link to a fresh folder under
    `REACHABLE_ROOT`, which later starts follow. Returns the real path.
    """
    if wanted.is_symlink() or wanted.is_dir():
        return wanted.resolve(strict=True)
    wanted.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if user is None:
        wanted.mkdir(mode=0o700)
        return wanted.resolve()
    if user.can_enter(wanted.parent):
        wanted.mkdir(mode=0o711)
        wanted.chmod(0o711)
        return wanted.resolve()
    REACHABLE_ROOT.mkdir(parents=True, exist_ok=True)
    REACHABLE_ROOT.chmod(0o711)
    folder = Path(tempfile.mkdtemp(dir=REACHABLE_ROOT))
    folder.chmod(0o711)
    wanted.symlink_to(folder)
    return folder


def runnable_copy(tree: Path, program: str, user: ServiceUser | None) -> Path:
    """The folder from which `user` can run `tree/program`: `tree`, or a copy within its reach.

    The copy is made once for each version of the files and shared by all home folders.
    """
    if user is None or user.can_run(tree / program):
        return tree
    stamp = (tree / program).stat()
    copy = REACHABLE_ROOT / "programs" / f"{tree.name}-{stamp.st_size}-{stamp.st_mtime_ns}"
    if not copy.is_dir():
        copy.parent.mkdir(parents=True, exist_ok=True)
        REACHABLE_ROOT.chmod(0o711)
        copy.parent.chmod(0o711)
        partial = Path(tempfile.mkdtemp(dir=copy.parent))
        shutil.copytree(tree, partial, symlinks=True, dirs_exist_ok=True)
        partial.chmod(0o755)
        try:
            partial.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(partial)
    return copy
