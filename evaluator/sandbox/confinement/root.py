"""The root that a confined process sees: an empty tmpfs, and read-only in it what it needs."""

import os
from pathlib import Path

from evaluator.sandbox.confinement import kernel
from evaluator.sandbox.confinement.plan import Plan

ROOT_OPTIONS = "size=1m,mode=755"
EMPTY = "tmp"
"""A folder for libraries that insist on one for temporary files. It is read-only as all others."""

KEPT_FLAGS = (
    (os.ST_NOEXEC, kernel.MS_NOEXEC),
    (os.ST_NOATIME, kernel.MS_NOATIME),
    (os.ST_NODIRATIME, kernel.MS_NODIRATIME),
    (os.ST_RELATIME, kernel.MS_RELATIME),
)
"""Flags of a mount that a user namespace may not take away when it changes others."""


def enter_root(plan: Plan) -> None:
    """Build the root of `plan` and move into it; the host's files are out of reach afterwards.

    To be called in a mount namespace of one's own. Raises `OSError` where the kernel denies it.
    """
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", plan.root, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, ROOT_OPTIONS)
    root = Path(plan.root)
    for path, source in sorted(plan.binds.items()):
        _bind(Path(source), root / path.lstrip("/"))
    (root / EMPTY).mkdir(exist_ok=True)
    for path, target in plan.links.items():
        (root / path.lstrip("/")).symlink_to(target)
    os.chdir(plan.root)
    # The old root goes on top of the new one, and is taken away from there.
    kernel.pivot_root(".", ".")
    kernel.detach(".")
    os.chdir("/")
    kernel.mount(
        "none",
        "/",
        "",
        kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV,
    )


def _bind(source: Path, target: Path) -> None:
    """Show `source`, and what is mounted below it, at `target`, read-only and without setuid."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    kernel.mount(str(source), str(target), "", kernel.MS_BIND | kernel.MS_REC)
    for mounted in _mounts_below(target):
        flags = kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY | kernel.MS_NOSUID
        if not target.is_char_device():
            flags |= kernel.MS_NODEV
        have = os.statvfs(mounted).f_flag
        for told, kept in KEPT_FLAGS:
            if have & told:
                flags |= kept
        kernel.mount("none", mounted, "", flags)


def _mounts_below(target: Path) -> list[str]:
    """The mount points at and below `target`, from the kernel's list."""
    points = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        # Spaces and the like are written as octal escapes.
        point = line.split()[4].encode().decode("unicode_escape")
        if point == str(target) or point.startswith(f"{target}/"):
            points.append(point)
    return points
