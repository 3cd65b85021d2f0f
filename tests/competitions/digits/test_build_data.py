"""The builder makes the same bytes everywhere, and an honest split."""

import csv
import hashlib
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from evaluator.contract import Split
from evaluator.tasks import load_task
from minigiants.competitions.pack_folder import read_pack

SHA256 = {
    "hidden/labels.csv": "d0ddee87ea197041507cd7ce4edc80f0a993b9315f8eadd56ce3dfb278faf73b",
    "hidden/test_inputs.npy": "c9c17fc4309cc4c0dbfa70d0f1ccbf4b473ccba9f6b918ba999b389577eee188",
    "public/smoke.npy": "d7fcaae6459fc8bf6f570ba96093cbc0b0fe17631e1b2d5bf37c0c1dc9d93eed",
    "public/train.csv": "9b7803cf65cfb8737ded5071ffdf357952b10510b4819a328881b37b5e8ed3ef",
    "public/train_inputs.npy": "6896944b1eeb2451a205e8c908a8ab30c5c15c6692ea7b92de69a58260477822",
    "public/train_labels.csv": "2d2799f39d3829982990a35d587cb4003f8d9695365266dd13d59f04095d6d26",
}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_bytes_are_pinned(built: Path) -> None:
    made = {
        path.relative_to(built).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in built.rglob("*")
        if path.is_file()
    }
    assert made == SHA256


def test_numpy_reads_them_and_would_write_the_same(built: Path, tmp_path: Path) -> None:
    for name, count in (("public/train_inputs", 1197), ("hidden/test_inputs", 600)):
        array = np.load(built / f"{name}.npy", allow_pickle=False)
        assert array.shape == (count, 8, 8)
        assert array.dtype == np.float32
        assert (array.min(), array.max()) == (0.0, 1.0)
        np.save(tmp_path / "again.npy", array)
        assert (tmp_path / "again.npy").read_bytes() == (built / f"{name}.npy").read_bytes()


def test_the_table_says_the_same_as_the_arrays(built: Path) -> None:
    table = rows(built / "public/train.csv")
    array = np.load(built / "public/train_inputs.npy")
    pixels = [[int(row[f"pixel_{r}_{c}"]) for r in range(8) for c in range(8)] for row in table]
    assert np.array_equal(np.array(pixels).reshape(-1, 8, 8), array * 16)
    labels = rows(built / "public/train_labels.csv")
    assert labels == [{"id": row["id"], "label": row["label"]} for row in table]
    assert np.array_equal(np.load(built / "public/smoke.npy"), array[:32])


def test_the_split_is_even_and_shares_nothing(built: Path) -> None:
    labels = rows(built / "hidden/labels.csv")
    counts = Counter((row["label"], row["usage"]) for row in labels)
    assert counts == {(str(d), usage): 30 for d in range(10) for usage in ("Public", "Private")}
    train = {image.tobytes() for image in np.load(built / "public/train_inputs.npy")}
    hidden = {image.tobytes() for image in np.load(built / "hidden/test_inputs.npy")}
    assert len(train) + len(hidden) == 1797
    assert not train & hidden


def test_the_order_says_nothing_about_label_or_usage(built: Path) -> None:
    labels = rows(built / "hidden/labels.csv")
    half = Counter(row["label"] for row in labels[:300])
    assert max(half.values()) - min(half.values()) < 20
    for usage in ("Public", "Private"):
        places = [place for place, row in enumerate(labels) if row["usage"] == usage]
        assert places != list(range(places[0], places[0] + 300))


def test_the_workers_read_them(pack: Path, built: Path) -> None:
    spec = read_pack(pack).spec
    task = load_task(spec.task)
    assert task.count_examples(built / str(spec.data.hidden_inputs)) == 600
    assert task.count_examples(built / str(spec.data.smoke_inputs)) == 32
    labels = task.read_labels(built / spec.data.labels, 600)
    assert labels.mask(Split.PUBLIC).sum() == labels.mask(Split.PRIVATE).sum() == 300


def test_another_source_is_not_built_from(pack: Path, tmp_path: Path) -> None:
    copy = tmp_path / "digits"
    (copy / "source").mkdir(parents=True)
    shutil.copy(pack / "build_data.py", copy)
    (copy / "source/digits.csv.gz").write_bytes(b"something else")
    done = subprocess.run(
        [sys.executable, "-I", copy / "build_data.py", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "is not the expected file" in done.stderr
    assert not (tmp_path / "out").exists()
