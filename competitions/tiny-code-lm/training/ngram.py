"""The yardstick: python ngram.py DATA [ORDER…]

DATA is the folder that `build_data.py` wrote. Prints the bits per byte of n-gram models, counted
on the training text, on both halves of the test set. An order-k model predicts a byte from the k
bytes before it (fewer at a document's beginning), interpolated with all lower orders after Witten
and Bell (1991): with the count N of a context and the number T of different bytes seen after it,

    p_k(byte) = (count(context, byte) + T · p_{k-1}(byte)) / (N + T)
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]
MOST_ORDER = 6


def keys(texts: list[bytes], length: int) -> Keys:
    """Each run of `length` bytes of each text as a number."""
    found = []
    for text in texts:
        bytes_of = np.frombuffer(text, dtype=np.uint8).astype(np.int64)
        count = max(0, len(bytes_of) - length + 1)
        key = np.zeros(count, dtype=np.int64)
        for offset in range(length):
            key = key * 256 + bytes_of[offset : offset + count]
        found.append(key)
    return np.concatenate(found)


def looked_up(table: Keys, values: Keys, wanted: Keys) -> Keys:
    """The value that belongs to each wanted key, 0 for one that is not in the sorted table."""
    places = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
    return np.where(table[places] == wanted, values[places], 0)


def probabilities(training: list[bytes], texts: list[bytes], order: int) -> NDArray[np.float64]:
    """What the order-`order` model gives each byte of the texts, one text after the other."""
    lengths = np.array([len(text) for text in texts])
    place = np.concatenate([np.arange(length) for length in lengths])
    told = np.full(len(place), 1 / 256)
    for k in range(order + 1):
        runs, counts = np.unique(keys(training, k + 1), return_counts=True)
        contexts, kinds = np.unique(runs // 256, return_counts=True)
        starts = np.searchsorted(runs // 256, contexts)
        totals = np.add.reduceat(counts, starts)
        scored = place >= k
        wanted = keys(texts, k + 1)
        n = looked_up(contexts, totals, wanted // 256)
        t = looked_up(contexts, kinds, wanted // 256)
        seen = looked_up(runs, counts, wanted)
        lower = told[scored]
        told[scored] = np.where(n > 0, (seen + t * lower) / np.maximum(n + t, 1), lower)
    return told


def main(data: Path, orders: list[int]) -> None:
    """Print the table."""
    with (data / "public/train.jsonl").open(encoding="utf-8") as file:
        training = [json.loads(line)["text"].encode() for line in file]
    with (data / "hidden/test_inputs.jsonl").open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"].encode() for line in file]
    with (data / "hidden/labels.csv").open(newline="") as file:
        usages = np.array([row["usage"] for row in csv.DictReader(file)])
    lengths = np.array([len(text) for text in texts])
    for order in orders:
        bits = -np.log2(probabilities(training, texts, order))
        of_document = np.add.reduceat(bits, np.concatenate([[0], np.cumsum(lengths)[:-1]]))
        scores = [
            of_document[usages == usage].sum() / lengths[usages == usage].sum()
            for usage in ("Public", "Private")
        ]
        print(f"order {order}: public {scores[0]:.4f}, private {scores[1]:.4f}")


if __name__ == "__main__":
    if len(sys.argv) < 2 or not all(0 <= int(order) <= MOST_ORDER for order in sys.argv[2:]):
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), [int(order) for order in sys.argv[2:]] or [3, 4, 5])
