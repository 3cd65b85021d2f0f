"""Build the data of `code-search`: python build_data.py OUT

Writes OUT/public and OUT/hidden from the committed functions of CPython's standard library. Only
the standard library is used, and an order comes from SHA-256 and not from a random number
generator,
so that the files are the same on every machine.

A *module* here is what one imports at the top: `asyncio` with all its files is one, and so is
`argparse`. All functions of a module go the same way.
"""

import csv
import hashlib
import io
import json
import lzma
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

SOURCE = Path(__file__).parent / "source" / "functions.jsonl.xz"
SOURCE_SHA256 = "231a6eea43ef07c6198b71a12cb69e0b62c3b1ce5f0b56305c651396d6c0db1e"
SEED = "minigiants code-search 1"
LEAST_QUERY_BYTES = 24
MOST_QUERY_BYTES = 256
LEAST_CODE_BYTES = 64
MOST_CODE_BYTES = 1024
LARGEST_TESTED_MODULE = 150
"""Functions. A larger module is always for training: it would be most of the test."""

PARTS = {"Public": 600, "Private": 600}
"""How many functions each part of the hidden set has."""

SMOKE_FUNCTIONS = 8


class Function(NamedTuple):
    """A function: its module, a sentence that says what it does, and its code."""

    module: str
    query: str
    code: str


def read_source() -> list[Function]:
    """The functions that can be told from all others by either text, in the order of the file."""
    packed = SOURCE.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{SOURCE} is not the expected file: its SHA-256 is {digest}")
    found = []
    for line in lzma.decompress(packed).decode("utf-8").split("\n")[:-1]:
        record = json.loads(line)
        module = PurePosixPath(record["path"]).parts[0].removesuffix(".py")
        function = Function(module, record["doc"], shortened(record["code"]))
        if (
            LEAST_QUERY_BYTES <= len(function.query.encode()) <= MOST_QUERY_BYTES
            and len(function.code.encode()) >= LEAST_CODE_BYTES
            and "\0" not in function.query + function.code
        ):
            found.append(function)
    queries = Counter(function.query.lower() for function in found)
    codes = Counter(function.code for function in found)
    return [
        function
        for function in found
        if queries[function.query.lower()] == 1 and codes[function.code] == 1
    ]


def shortened(code: str) -> str:
    """The first lines of the code that fit into `MOST_CODE_BYTES`."""
    kept = ""
    for line in code.split("\n"):
        if len((kept + line).encode()) > MOST_CODE_BYTES:
            break
        kept += line + "\n"
    return kept.removesuffix("\n")


def place(*name: str) -> bytes:
    """Where something comes in a shuffled order: a hash of the seed and its name."""
    return hashlib.sha256("\0".join((SEED, *name)).encode()).digest()


def split(functions: list[Function]) -> tuple[list[Function], dict[str, list[Function]]]:
    """The functions to train on, and those of each part in `PARTS`, all shuffled.

    The modules are taken in a shuffled order; each goes to the first part that wants more.
    """
    modules: dict[str, list[Function]] = {}
    for function in sorted(functions, key=lambda each: place(each.code)):
        modules.setdefault(function.module, []).append(function)
    training: list[Function] = []
    parts: dict[str, list[Function]] = {part: [] for part in PARTS}
    for module in sorted(modules, key=place):
        wanting = [part for part, wanted in PARTS.items() if len(parts[part]) < wanted]
        if not wanting or len(modules[module]) > LARGEST_TESTED_MODULE:
            training += modules[module]
        else:
            members = parts[wanting[0]]
            members += modules[module]
            del members[PARTS[wanting[0]] :]
    training.sort(key=lambda each: place(each.code))
    return training, parts


def json_lines(rows: Iterable[dict[str, str]]) -> bytes:
    """A JSON object a line, in UTF-8."""
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    """A CSV file in UTF-8 with Unix line ends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def texts(functions: list[Function]) -> list[dict[str, str]]:
    """What a model is given: all queries, then all functions, each in an order of its own."""
    by_query = sorted(functions, key=lambda each: place("query", each.query))
    by_code = sorted(functions, key=lambda each: place("document", each.code))
    queries = [{"text": each.query, "kind": "query"} for each in by_query]
    return queries + [{"text": each.code, "kind": "document"} for each in by_code]


def answers(functions: list[Function], usage: dict[str, str]) -> list[tuple[str, ...]]:
    """The labels to `texts`. `usage` tells it for each query."""
    by_query = sorted(functions, key=lambda each: place("query", each.query))
    by_code = sorted(functions, key=lambda each: place("document", each.code))
    numbers = {each.code: f"d{number:04}" for number, each in enumerate(by_code)}
    rows: list[tuple[str, ...]] = [("id", "label", "usage")]
    for number, each in enumerate(by_query):
        rows.append((f"q{number:04}", numbers[each.code], usage[each.query]))
    return rows + [(numbers[each.code], "", "Document") for each in by_code]


def build(out: Path) -> None:
    """Write all files under `out`."""
    training, parts = split(read_source())
    hidden = [each for members in parts.values() for each in members]
    usage = {each.query: part for part, members in parts.items() for each in members}
    public = {each.query: "Public" for each in training}
    files = {
        "public/train.csv": csv_bytes([Function._fields, *training]),
        "public/train_inputs.jsonl": json_lines(texts(training)),
        "public/train_labels.csv": csv_bytes(answers(training, public)),
        "public/smoke.jsonl": json_lines(texts(training[:SMOKE_FUNCTIONS])),
        "hidden/test_inputs.jsonl": json_lines(texts(hidden)),
        "hidden/labels.csv": csv_bytes(answers(hidden, usage)),
    }
    for name, content in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build(Path(sys.argv[1]))
