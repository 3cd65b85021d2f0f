"""Build the data of `language-id`: python build_data.py OUT

Writes OUT/public and OUT/hidden from the committed copy of Django's translations. Only the standard
library is used, and an order comes from SHA-256 and not from a random number generator, so that
the files are the same on every machine.
"""

import csv
import hashlib
import io
import json
import lzma
import sys
from pathlib import Path
from typing import NamedTuple

SOURCE = Path(__file__).parent / "source" / "messages.jsonl.xz"
SOURCE_SHA256 = "3b98d18ef63fa62a09e774203f162519c1548a505ba8bec06442deb33925cab0"
SEED = "minigiants language-id 1"
LEAST_BYTES = 12
MOST_BYTES = 256
PUBLIC_PERCENT = 15
PRIVATE_PERCENT = 15
SMOKE_ROWS = 32

LANGUAGES = (
    "af ar az be bg bn br ca ckb cs cy da de dsb el en eo es et eu fa fi fr ga gd gl he hi hr hsb "
    "hu hy ia id is it ja ka ko ky lt lv mk ml mn mr ms nb ne nl nn os pl pt ro ru sk sl sq sr "
    "sr_Latn sv sw tg th tk tr tt ug uk uz vi zh_Hans zh_Hant"
)
"""The catalogues with enough texts, one a language: of English, Spanish, Portuguese and Arabic the
regional ones are left out, for they say mostly the same. Serbian and Chinese have two scripts."""


class Row(NamedTuple):
    """A text, its language, and the message that it translates."""

    text: str
    language: str
    message: str


def read_source() -> list[Row]:
    """All texts of the languages, each once, of the lengths that the competition takes.

    The messages themselves are the English texts. What several languages say alike is left out.
    """
    packed = SOURCE.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SOURCE_SHA256:
        raise SystemExit(f"{SOURCE} is not the expected file: its SHA-256 is {digest}")
    found: dict[str, list[Row]] = {}
    for line in lzma.decompress(packed).decode("utf-8").splitlines():
        record = json.loads(line)
        message = record["message"]
        texts = {**record["texts"], "en": [message.rpartition("\x04")[2]]}
        for language in LANGUAGES.split():
            for text in map(one_line, texts.get(language, ())):
                if LEAST_BYTES <= len(text.encode()) <= MOST_BYTES:
                    found.setdefault(text, []).append(Row(text, language, message))
    return [rows[0] for rows in found.values() if len({row.language for row in rows}) == 1]


def one_line(text: str) -> str:
    """The text with each run of white space as one space."""
    return " ".join(text.split())


def place(*name: str) -> bytes:
    """Where something comes in a shuffled order: a hash of the seed and its name."""
    return hashlib.sha256("\0".join((SEED, *name)).encode()).digest()


def usage_of(message: str) -> str:
    """Where all translations of a message go: training, or a half of the hidden set."""
    percent = int.from_bytes(place(message)[:4], "big") * 100 // 2**32  # 0 … 99
    if percent < PUBLIC_PERCENT:
        return "Public"
    return "Private" if percent < PUBLIC_PERCENT + PRIVATE_PERCENT else "Training"


def json_lines(rows: list[Row]) -> bytes:
    """The texts as a model is given them."""
    lines = (json.dumps({"text": row.text}, ensure_ascii=False) + "\n" for row in rows)
    return "".join(lines).encode()


def csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    """A CSV file in UTF-8 with Unix line ends."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def build(out: Path) -> None:
    """Write all files under `out`."""
    rows = sorted(read_source(), key=lambda row: place(row.language, row.text))
    training = [row for row in rows if usage_of(row.message) == "Training"]
    hidden = [row for row in rows if usage_of(row.message) != "Training"]
    messages = sorted({row.message for row in training})
    numbers = {message: str(number) for number, message in enumerate(messages)}
    labelled: list[tuple[str, ...]] = [("id", "label", "message")]
    for number, row in enumerate(training):
        labelled.append((f"train-{number:05}", row.language, numbers[row.message]))
    solution: list[tuple[str, ...]] = [("id", "label", "usage")]
    for number, row in enumerate(hidden):
        solution.append((f"test-{number:05}", row.language, usage_of(row.message)))
    files = {
        "public/train_inputs.jsonl": json_lines(training),
        "public/train_labels.csv": csv_bytes(labelled),
        "public/smoke.jsonl": json_lines(training[:SMOKE_ROWS]),
        "hidden/test_inputs.jsonl": json_lines(hidden),
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
