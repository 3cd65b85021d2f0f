"""The yardsticks: python tfidf.py DATA

DATA is the folder that `build_data.py` wrote. Prints MRR@10 of scikit-learn's tf-idf on both halves
of the test set, fitted to the training texts: over words as it comes, over words and over runs of 3
and 4 characters with logarithms of counts.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

YARDSTICKS = {
    "words, 20,000 features": {"max_features": 20_000},
    "words, 20,000 features, log counts": {"max_features": 20_000, "sublinear_tf": True},
    "3- and 4-grams, 20,000 features, log counts": {
        "analyzer": "char",
        "ngram_range": (3, 4),
        "max_features": 20_000,
        "sublinear_tf": True,
    },
    "3- and 4-grams, 60,000 features, log counts": {
        "analyzer": "char",
        "ngram_range": (3, 4),
        "max_features": 60_000,
        "sublinear_tf": True,
    },
}


def main(data: Path) -> None:
    """Print the table."""
    with (data / "public/train.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    training = [pair[kind] for pair in pairs for kind in ("query", "code")]
    with (data / "hidden/test_inputs.jsonl").open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    with (data / "hidden/labels.csv").open(newline="") as file:
        labels = list(csv.DictReader(file))
    queries = [place for place, row in enumerate(labels) if row["label"]]
    documents = [place for place, row in enumerate(labels) if not row["label"]]
    column = {labels[place]["id"]: number for number, place in enumerate(documents)}
    own = np.array([column[labels[place]["label"]] for place in queries])
    usages = np.array([labels[place]["usage"] for place in queries])
    for name, options in YARDSTICKS.items():
        vectors = TfidfVectorizer(**options).fit(training).transform(texts)
        similar = (vectors[queries] @ vectors[documents].T).toarray()
        # Of equal similarities the wrong ones come first.
        ranks = (similar >= similar[np.arange(len(own)), own][:, None]).sum(axis=1)
        found = np.where(ranks <= 10, 1 / ranks, 0)
        scores = [found[usages == usage].mean() for usage in ("Public", "Private")]
        print(f"{name}: public {scores[0]:.4f}, private {scores[1]:.4f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
