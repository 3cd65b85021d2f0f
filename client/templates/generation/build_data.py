"""Builds the data into the folder that it is given. Replace `examples` by your own source."""

import csv
import json
import sys
from pathlib import Path

WORDS = ["dog", "cat", "child", "tree", "bird", "foot"]
HIDDEN_WORDS = ["house", "mouse", "road", "city", "lamp", "stone"]
IRREGULAR = {"mouse": "mice", "foot": "feet", "child": "children", "city": "cities"}


def examples(words):
    """A question about each word, and its answer."""
    for word in words:
        yield f"The plural of {word}?", IRREGULAR.get(word, word + "s")


def lines(path, texts):
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))


def labels(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows])


def main(out):
    (out / "hidden").mkdir(parents=True, exist_ok=True)
    train, test = list(examples(WORDS)), list(examples(HIDDEN_WORDS))
    lines(out / "train_inputs.jsonl", [question for question, _ in train])
    labels(
        out / "train_labels.csv", [(f"train-{n}", answer) for n, (_, answer) in enumerate(train)]
    )
    lines(out / "smoke.jsonl", [question for question, _ in train[:2]])
    lines(out / "hidden/test_inputs.jsonl", [question for question, _ in test])
    answers = [(f"test-{n}", answer) for n, (_, answer) in enumerate(test)]
    labels(out / "hidden/labels.csv", answers)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
