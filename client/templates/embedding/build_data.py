"""Builds the data into the folder that it is given. Replace `TOPICS` by your own source."""

import csv
import json
import sys
from pathlib import Path

TRAIN = ("maps", "clouds", "bread")
TOPICS = ("rivers", "lanterns", "beetles", "violins", "glaciers", "pepper", "trains", "castles")


def lines(path, rows):
    path.write_text("".join(json.dumps({"text": text, "kind": kind}) + "\n" for text, kind in rows))


def pairs(topics):
    """For each topic a question, and the document that answers it."""
    questions = [(f"Where can I read about {topic}?", "query") for topic in topics]
    return questions + [(f"A short history of {topic}.", "document") for topic in topics]


def main(out):
    (out / "hidden").mkdir(parents=True, exist_ok=True)
    lines(out / "train_inputs.jsonl", pairs(TRAIN))
    lines(out / "smoke.jsonl", pairs(TRAIN[:1]))
    lines(out / "hidden/test_inputs.jsonl", pairs(TOPICS))
    with (out / "hidden/labels.csv").open("w", newline="") as file:
        rows = [(f"q{n}", f"d{n}") for n in range(len(TOPICS))]
        rows += [(f"d{n}", "") for n in range(len(TOPICS))]
        csv.writer(file, lineterminator="\n").writerows([("id", "label"), *rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
