"""A pack on its author's machine: begun from a template, built, and put into an archive.

`build_data.py` is its author's own code and runs here, with the author's rights; the server never
runs it.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from client.errors import EXIT_REJECTED, MinigiantsError

TEMPLATES: Final = Path(__file__).parent / "templates"
COMMON: Final = "common"
SPECIFICATION: Final = "competition.yaml"
BUILDER: Final = "build_data.py"
BUILT: Final = "built"
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_CHARACTERS: Final = 32
BUILD_SECONDS: Final = 600
OPEN_DAYS: Final = 90


def template_names() -> list[str]:
    """The task types that a pack can be begun for."""
    return sorted(path.name for path in TEMPLATES.iterdir() if path.name != COMMON)


def pack_begin(slug: str, task: str, parent: Path) -> Path:
    """A new pack for `task` in the folder `parent`/`slug`, ready to be validated."""
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_CHARACTERS:
        raise MinigiantsError(
            f"{slug!r} can't be a competition's address.",
            mend="Use lower-case letters, digits and single hyphens, at most 32 characters.",
            code="invalid_slug",
        )
    if task not in template_names():
        raise MinigiantsError(
            f"There is no template for the task {task!r}.",
            mend=f"Choose among: {', '.join(template_names())}.",
            code="unknown_task",
        )
    folder = parent / slug
    if folder.exists():
        raise MinigiantsError(
            f"{folder} is there already.", mend="Choose another slug.", code="pack_exists"
        )
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    words = {
        "TITLE": slug.replace("-", " ").capitalize(),
        "OPENS": f"{today:%Y-%m-%dT%H:%M}",
        "CLOSES": f"{today + timedelta(days=OPEN_DAYS):%Y-%m-%dT%H:%M}",
        "SLUG": slug,
    }
    for source in (COMMON, task):
        shutil.copytree(TEMPLATES / source, folder, dirs_exist_ok=True, ignore=_caches)
    for path in (folder / SPECIFICATION, *folder.glob("pages/*.md")):
        text = path.read_text(encoding="utf-8")
        path.write_text(
            re.sub(r"\b(TITLE|OPENS|CLOSES|SLUG)\b", lambda found: words[found[0]], text),
            encoding="utf-8",
        )
    return folder


def _caches(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__"}


def require_pack(folder: Path) -> Path:
    """The pack's folder, whose name is its competition's address. Raises MinigiantsError."""
    folder = folder.resolve()
    if not (folder / SPECIFICATION).is_file():
        raise MinigiantsError(
            f"{folder} holds no {SPECIFICATION}.",
            mend="Name a pack's folder; `minigiants host init` makes one.",
            code="no_pack",
        )
    return folder


@contextmanager
def built(folder: Path) -> Iterator[Path]:
    """The pack's data, built into a temporary folder. Raises MinigiantsError."""
    if not (folder / BUILDER).is_file():
        raise _not_built(f"{BUILDER}: is missing; it builds the data")
    with TemporaryDirectory(prefix="minigiants-build-") as name:
        out = Path(name).resolve() / BUILT
        out.mkdir()
        # Fixed, so that the same bytes come out on every machine.
        environment = {**os.environ, "PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                [sys.executable, "-B", BUILDER, str(out)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _not_built(f"{BUILDER}: took longer than {BUILD_SECONDS} seconds") from error
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()[-2000:]
            raise _not_built(f"{BUILDER}: ended with exit status {done.returncode}:\n{said}")
        yield out


def _not_built(what: str) -> MinigiantsError:
    return MinigiantsError(
        what, mend="Mend the builder.", code="build_failed", exit_code=EXIT_REJECTED
    )


def archive_write(folder: Path, data: Path, target: Path) -> None:
    """Put the pack and its built data into a ZIP file, as the server takes it.

    Links, caches and hidden files are left out.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for root, prefix in ((folder, ""), (data, f"{BUILT}/")):
            for path in sorted(root.rglob("*")):
                name = path.relative_to(root).as_posix()
                if path.is_file() and not path.is_symlink() and not _is_left_out(name, prefix):
                    archive.write(path, prefix + name)


def _is_left_out(name: str, prefix: str) -> bool:
    parts = name.split("/")
    stale = not prefix and parts[0] == BUILT
    return stale or any(part.startswith(".") or part == "__pycache__" for part in parts)


def archive_unpack(archive: Path, target: Path) -> None:
    """Unpack an export of our own server into the new folder `target`."""
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            path = (target / member.filename).resolve()
            if not path.is_relative_to(target.resolve()):
                raise MinigiantsError(
                    f"The archive holds {member.filename!r}, which leaves its folder.",
                    mend="Don't unpack it; tell the operators of the server.",
                    code="hostile_archive",
                )
        opened.extractall(target)
