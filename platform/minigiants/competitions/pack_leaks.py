"""What a pack must not give away: hidden rows in public data, and labels of hidden rows."""

import hashlib
import lzma
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from minigiants.competitions.pack import DivisionSpec, PackSpec
from minigiants.competitions.pack_labels import ID, USAGE, CsvTable, read_csv
from minigiants.competitions.pack_rows import TABLE, Row, input_rows, public_rows
from minigiants.competitions.problems import PackFault

MEMORISATION_FACTOR: Final = 10
"""How many times the largest artifact the compressed hidden set should be."""
CHUNK_BYTES: Final = 1 << 20


def leaked_inputs(
    hidden: tuple[str, Path], public: Sequence[tuple[str, Path]]
) -> Iterator[PackFault]:
    """Faults for rows of the hidden inputs that a public file holds; each file is told once."""
    name, path = hidden
    numbers: dict[bytes, int] = {}
    texts = False
    for number, row in input_rows(path, name):
        numbers.setdefault(_digest(row), number)
        texts = isinstance(row, str)
    for file, place in public:
        found = [
            (line, numbers[digest])
            for line, row in public_rows(place, file, texts=texts)
            for digest in [_digest(row)]
            if digest in numbers
        ]
        if found:
            line, number = found[0]
            more = f", and {len(found) - 1} more rows like it" if len(found) > 1 else ""
            yield PackFault(file, line, "", f"holds the hidden row {number} of {name}{more}")


def _digest(row: Row) -> bytes:
    text = row if isinstance(row, str) else repr(row)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def leaked_labels(labels: CsvTable, public: Sequence[tuple[str, Path]]) -> Iterator[PackFault]:
    """Faults for public tables that tell the labels of all hidden rows whose ids they name.

    A file of example answers names the ids too; it is none, unless it is right throughout.
    """
    columns = [
        name.strip().lower() for name in labels.columns if name.strip().lower() not in {ID, USAGE}
    ]
    truth = dict(zip(labels.column(ID), _cells(labels, columns), strict=True))
    for file, path in public:
        if not file.endswith(TABLE):
            continue
        table = read_csv(path, file)
        if not columns or any(table.place(name) is None for name in (ID, *columns)):
            continue
        told = zip(table.column(ID), _cells(table, columns), table.rows, strict=True)
        shared = [(name, cells, row.line) for name, cells, row in told if name in truth]
        if shared and all(truth[name] == cells for name, cells, _ in shared):
            name, _, line = shared[0]
            more = f", and of {len(shared) - 1} more" if len(shared) > 1 else ""
            yield PackFault(file, line, "", f"tells the label of the hidden row {name!r}{more}")


def _cells(table: CsvTable, columns: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table.column(name) for name in columns), strict=True))


def memorisation_warning(spec: PackSpec, hidden: Sequence[Path]) -> PackFault | None:
    """A warning where a model could hold the hidden set: see `MEMORISATION_FACTOR`."""
    widest = max(spec.divisions, key=lambda division: _cap(division, spec))
    cap = _cap(widest, spec)
    size = sum(_compressed_bytes(path) for path in hidden)
    if size >= MEMORISATION_FACTOR * cap:
        return None
    return PackFault(
        "competition.yaml",
        None,
        "divisions",
        f"the hidden set is {size:,} bytes when compressed, less than {MEMORISATION_FACTOR} times "
        f"the {cap:,} bytes that {widest.slug!r} allows: a model could hold it. Take more hidden "
        "rows or a smaller budget, or keep the source of the hidden rows secret",
    )


def _cap(division: DivisionSpec, spec: PackSpec) -> int:
    """The most bytes that an artifact of the division can have."""
    budget = division.budget
    caps = [spec.upload.max_bytes]
    if budget.artifact_bytes is not None:
        caps.append(budget.artifact_bytes)
    if budget.tensor_bits is not None and budget.side_bytes is not None:
        caps.append(-(-budget.tensor_bits // 8) + budget.side_bytes)
    return min(caps)


def _compressed_bytes(path: Path) -> int:
    packer = lzma.LZMACompressor(preset=1)
    size = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(packer.compress(chunk))
    return size + len(packer.flush())
