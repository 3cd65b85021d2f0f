"""Build the data of `tiny-code-lm`: python build_data.py OUT

Writes OUT/public and OUT/hidden from the committed copy of CPython's standard library. Only the
standard library is used, and an order comes from SHA-256 and not from a random number generator,
so that the files are the same on every machine.

A *module* here is what one imports at the top: `asyncio` with all its files is one, and so is
`argparse`. A module is for training, for validation or for the test, never for two of them.
"""

import csv
import hashlib
import io
import json
import lzma
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

SOURCE = Path(__file__).parent / "source" / "stdlib.tar.xz"
SOURCE_SHA256 = "ca9c4f2ed1fc523f29a3aa4fb022962c53b7efc58aa66545c931d3183dd75b22"
SEED = "minigiants tiny-code-lm 1"
DOCUMENT_BYTES = 2048
LEAST_BYTES = 512
USAGES = ("Public", "Private")
PARTS = {"Public": 128, "Private": 128, "validation": 64}
"""How many documents each part has that is not for training."""

SMOKE_DOCUMENTS = 8
DOCUMENTS_PER_MODULE = 8
LARGEST_TESTED_MODULE = 120_000
"""Bytes. A larger module is always for training: the test would waste most of it."""

KNOWN_LINE_BYTES = 20
"""A line of at least so many bytes is expected to be written once."""

MOST_COPIED = 0.25
"""A document with a larger share of its telling bytes in lines of other modules is left out."""


class File(NamedTuple):
    """A source file: its path below `Lib`, and its text."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """What is imported at the top. `_pydecimal` belongs to nothing else."""
        return PurePosixPath(self.path).parts[0].removesuffix(".py")


class Document(NamedTuple):
    """A piece of a file: the file's path, the number of the piece from 0, and its text."""

    path: str
    number: int
    text: str


def read_source() -> list[File]:
    """All files that are UTF-8 without NUL, in the order of the archive."""
    packed = SOURCE.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{SOURCE} is not the expected file: its SHA-256 is {digest}")
    files = []
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(packed))) as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            assert content is not None
            try:
                text = content.read().decode("utf-8")
            except UnicodeDecodeError:
                continue
            if text and "\0" not in text:
                files.append(File(entry.name.removeprefix("Lib/"), text))
    return files


def place(*name: object) -> bytes:
    """Where something comes in a shuffled order: a hash of the seed and its name."""
    return hashlib.sha256(":".join(map(str, (SEED, *name))).encode()).digest()


def cut(file: File) -> list[Document]:
    """The file in pieces of whole lines, of `LEAST_BYTES` to `DOCUMENT_BYTES` bytes each."""
    pieces, piece = [], ""
    for line in file.text.splitlines(keepends=True):
        if piece and len((piece + line).encode()) > DOCUMENT_BYTES:
            pieces.append(piece)
            piece = ""
        piece += line
    pieces.append(piece)
    return [
        Document(file.path, number, text)
        for number, text in enumerate(pieces)
        if LEAST_BYTES <= len(text.encode()) <= DOCUMENT_BYTES
    ]


def telling_lines(text: str) -> list[str]:
    """The lines that are long enough to be known again, without white space around them."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if len(line.encode()) >= KNOWN_LINE_BYTES]


def repeated_lines(modules: dict[str, list[File]]) -> set[str]:
    """The telling lines that several modules have."""
    once: set[str] = set()
    repeated: set[str] = set()
    for files in modules.values():
        lines = {line for file in files for line in telling_lines(file.text)}
        repeated |= once & lines
        once |= lines
    return repeated


def is_new(document: Document, repeated: set[str]) -> bool:
    """Whether a document says something that no other module says."""
    sizes = [(line in repeated, len(line.encode())) for line in telling_lines(document.text)]
    copied = sum(size for known, size in sizes if known)
    return bool(sizes) and copied <= MOST_COPIED * sum(size for _, size in sizes)


def documents_of(files: list[File], repeated: set[str]) -> list[Document]:
    """The documents of a module that may be tested, at most `DOCUMENTS_PER_MODULE`, shuffled."""
    new = [document for file in files for document in cut(file) if is_new(document, repeated)]
    new.sort(key=lambda document: place(document.path, document.number))
    return new[:DOCUMENTS_PER_MODULE]


def split(files: list[File]) -> tuple[list[File], dict[str, list[Document]]]:
    """The files to train on, and the documents of each part in `PARTS`.

    The modules are taken in a shuffled order; each goes to the first part that wants more.
    """
    modules: dict[str, list[File]] = {}
    for file in files:
        modules.setdefault(file.module, []).append(file)
    repeated = repeated_lines(modules)
    training: list[File] = []
    parts: dict[str, list[Document]] = {part: [] for part in PARTS}
    for module in sorted(modules, key=place):
        size = sum(len(file.text.encode()) for file in modules[module])
        wanting = [part for part, wanted in PARTS.items() if len(parts[part]) < wanted]
        if not wanting or size > LARGEST_TESTED_MODULE:
            training += modules[module]
        else:
            documents = parts[wanting[0]]
            documents += documents_of(modules[module], repeated)
            del documents[PARTS[wanting[0]] :]
    training.sort()
    return training, parts


def json_lines(rows: Iterable[dict[str, str]]) -> bytes:
    """A JSON object a line, in UTF-8."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def csv_bytes(rows: list[tuple[object, ...]]) -> bytes:
    """A CSV file in UTF-8 with Unix line ends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def documents_file(documents: list[Document]) -> bytes:
    """The documents as a model is given them."""
    return json_lines({"text": document.text} for document in documents)


def build(out: Path) -> None:
    """Write all files under `out`."""
    training, parts = split(read_source())
    validation = parts["validation"]
    hidden = [(document, usage) for usage in USAGES for document in parts[usage]]
    hidden.sort(key=lambda row: place("order", row[0].path, row[0].number))
    lengths: list[tuple[object, ...]] = [("id", "label")]
    for number, document in enumerate(validation):
        lengths.append((f"valid-{number:03}", len(document.text.encode())))
    solution: list[tuple[object, ...]] = [("id", "label", "usage")]
    for number, (document, usage) in enumerate(hidden):
        solution.append((f"test-{number:03}", len(document.text.encode()), usage))
    files = {
        "public/train.jsonl": json_lines({"path": f.path, "text": f.text} for f in training),
        "public/valid_inputs.jsonl": documents_file(validation),
        "public/valid_labels.csv": csv_bytes(lengths),
        "public/smoke.jsonl": documents_file(validation[:SMOKE_DOCUMENTS]),
        "hidden/test_inputs.jsonl": documents_file([document for document, _ in hidden]),
        "hidden/labels.csv": csv_bytes(solution),
    }
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build(Path(sys.argv[1]))
