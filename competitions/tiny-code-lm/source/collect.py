"""Collect the source: python collect.py LIB stdlib.tar.xz

LIB is the folder of CPython 3.11.7's standard library. The files go into the archive unchanged, in
the order of their names and without times or owners, so that everybody gets the same bytes.
Packages of tests, bundled wheels, tables of data and applications are left out.
"""

import io
import lzma
import sys
import tarfile
from pathlib import Path

LEFT_OUT = frozenset(
    {
        "encodings",
        "ensurepip",
        "idle_test",
        "idlelib",
        "lib2to3",
        "pydoc_data",
        "site-packages",
        "test",
        "tests",
        "turtledemo",
    }
)


def is_wanted(path: Path) -> bool:
    """Whether the module at `path`, relative to the library, goes in."""
    return not LEFT_OUT & set(path.parts) and not path.name.startswith("_sysconfigdata")


def main(library: Path, archive: Path) -> None:
    """Write the archive."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for file in sorted(library.rglob("*.py")):
            path = file.relative_to(library)
            if is_wanted(path):
                content = file.read_bytes()
                entry = tarfile.TarInfo(f"Lib/{path.as_posix()}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    archive.write_bytes(lzma.compress(plain.getvalue(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
