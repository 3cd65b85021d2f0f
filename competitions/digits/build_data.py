"""Build the data of `digits`: python build_data.py OUT

Writes OUT/public and OUT/hidden from the committed copy of the data set. Only the standard
library is used, and every byte of every file is laid down here, so that the files are the same
on every machine: a `.npy` file is written by hand, an order comes from SHA-256 and not from a
random number generator.
"""

import csv
import gzip
import hashlib
import io
import struct
import sys
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent / "source" / "digits.csv.gz"
SOURCE_SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
SEED = "minigiants digits 1"
SIDE = 8
WHITE = 16  # pixels are 0 (no ink) to 16 (all ink)
CLASSES = 10
HIDDEN_PER_CLASS = 60
PUBLIC_SCORE_PER_CLASS = 30
SMOKE_ROWS = 32


class Digit(NamedTuple):
    """A row of the source: its line number from 0, 64 pixels row by row, and which digit it is."""

    line: int
    pixels: tuple[int, ...]
    label: int


def read_source() -> list[Digit]:
    """All 1,797 rows, in the order of the file."""
    packed = SOURCE.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{SOURCE} is not the expected file: its SHA-256 is {digest}")
    digits = []
    for line, row in enumerate(csv.reader(io.StringIO(gzip.decompress(packed).decode("ascii")))):
        values = [int(float(cell)) for cell in row]
        digits.append(Digit(line, tuple(values[:-1]), values[-1]))
    return digits


def place(digit: Digit) -> bytes:
    """Where a row comes in the shuffled order: a hash of the seed and its line."""
    return hashlib.sha256(f"{SEED}:{digit.line}".encode()).digest()


def split(digits: list[Digit]) -> tuple[list[Digit], list[tuple[Digit, str]]]:
    """The training rows, and the hidden rows with their usage, both shuffled.

    Of each class, 60 rows are hidden; of these, 30 count for the public score and 30 for the
    private one.
    """
    shuffled = sorted(digits, key=place)
    training: list[Digit] = []
    hidden: list[tuple[Digit, str]] = []
    taken = [0] * CLASSES
    for digit in shuffled:
        position = taken[digit.label]
        taken[digit.label] += 1
        if position >= HIDDEN_PER_CLASS:
            training.append(digit)
        else:
            usage = "Public" if position < PUBLIC_SCORE_PER_CLASS else "Private"
            hidden.append((digit, usage))
    return training, hidden


def npy(digits: list[Digit]) -> bytes:
    """A NumPy file of version 1.0 with a float32 array [n, 8, 8] of ink from 0 to 1."""
    shape = f"({len(digits)}, {SIDE}, {SIDE})"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    magic = b"\x93NUMPY\x01\x00"
    unpadded = len(magic) + 2 + len(header) + 1
    header += " " * (-unpadded % 64) + "\n"
    ink = [pixel / WHITE for digit in digits for pixel in digit.pixels]
    return (
        magic
        + struct.pack("<H", len(header))
        + header.encode("ascii")
        + struct.pack(f"<{len(ink)}f", *ink)
    )


def csv_bytes(rows: list[list[object]]) -> bytes:
    """A CSV file in UTF-8 with Unix line ends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def build(out: Path) -> None:
    """Write all files under `out`."""
    training, hidden = split(read_source())
    pixels = [f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE)]
    labelled: list[list[object]] = [["id", "label"]]
    easy: list[list[object]] = [["id", "label", *pixels]]
    for number, digit in enumerate(training):
        labelled.append([f"train-{number:04}", digit.label])
        easy.append([f"train-{number:04}", digit.label, *digit.pixels])
    solution: list[list[object]] = [["id", "label", "usage"]]
    for number, (digit, usage) in enumerate(hidden):
        solution.append([f"test-{number:04}", digit.label, usage])
    files = {
        "public/train_inputs.npy": npy(training),
        "public/train_labels.csv": csv_bytes(labelled),
        "public/train.csv": csv_bytes(easy),
        "public/smoke.npy": npy(training[:SMOKE_ROWS]),
        "hidden/test_inputs.npy": npy([digit for digit, _ in hidden]),
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
