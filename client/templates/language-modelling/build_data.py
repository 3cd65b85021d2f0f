"""Builds the data into the folder that it is given. Replace `documents` by your own source."""

import csv
import json
import sys
from pathlib import Path

COLOURS = ["red", "blue", "green", "white", "black", "grey", "brown", "violet"]


def documents(things):
    """A sentence of each colour on each thing."""
    return [f"The {colour} {thing} stood here.\n" for thing in things for colour in COLOURS]


def lines(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def main(out):
    (out / "hidden").mkdir(parents=True, exist_ok=True)
    train, test = documents(["table", "chair"]), documents(["ladder", "barrel"])
    lines(out / "train_inputs.jsonl", train)
    lines(out / "smoke.jsonl", train[:4])
    lines(out / "hidden/test_inputs.jsonl", test)
    # The label of a document is its length in bytes.
    with (out / "hidden/labels.csv").open("w", newline="") as file:
        rows = [(f"test-{n}", len(text.encode())) for n, text in enumerate(test)]
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
