"""Builds the data into the folder that it is given. Replace `points` by your own source."""

import csv
import hashlib
import struct
import sys
from pathlib import Path


def points(split, count):
    """Points in the unit square and on which side of a line they lie, with some noise."""
    for number in range(count):
        digest = hashlib.sha256(f"{split}-{number}".encode()).digest()
        x, y, noise = (value / 65535 for value in struct.unpack("<3H", digest[:6]))
        yield (x, y, 1.0), int(x + y + 0.4 * (noise - 0.5) > 1)


def npy(rows):
    """Rows of floats as a NumPy file, float32 [n, width]."""
    shape = f"({len(rows)}, {len(rows[0])})"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def labels(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows])


def main(out):
    (out / "hidden").mkdir(parents=True, exist_ok=True)
    train, test = list(points("train", 200)), list(points("test", 400))
    smoke = list(points("smoke", 8))
    (out / "train_inputs.npy").write_bytes(npy([point for point, _ in train]))
    labels(out / "train_labels.csv", [(f"train-{n}", label) for n, (_, label) in enumerate(train)])
    (out / "smoke.npy").write_bytes(npy([point for point, _ in smoke]))
    (out / "hidden/test_inputs.npy").write_bytes(npy([point for point, _ in test]))
    labels(out / "hidden/labels.csv", [(f"test-{n}", label) for n, (_, label) in enumerate(test)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
