"""The data of `language-id`, its baselines' scores, and the model that its page shows."""

import hashlib
import json
import lzma
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from evaluator.inspection import first_fitting, folder_files, inspect_artifact
from tests.competitions.conftest import BuildPack
from tests.support.reference_packs import ReferencePack, rows

SHA256 = {
    "hidden/labels.csv": "2de29b27dfe2d9b5b9d83e18806560aae67805e4b1d270a39d6950008b52a783",
    "hidden/test_inputs.jsonl": "f574044f9e251a7c6bfe483607fb38c60278c604bb0ae2288a3fde0c7834f2c4",
    "public/smoke.jsonl": "613820983ea37cd741a0032e3e891a5e05cda061f7ad5dec0404f7381bff52cc",
    "public/train_inputs.jsonl": "32584ee4b7d5dfe28843d218d0e00012151b521f4e8ad905c4708fbfea64a9b1",
    "public/train_labels.csv": "8c69c20312dc4025b931c4148a5c24134f1b3faa73fbcd64af2aa0df069a3c50",
}


@pytest.fixture(scope="module")
def pack(built_pack: BuildPack) -> ReferencePack:
    return built_pack("language-id")


def texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_bytes_are_pinned(pack: ReferencePack) -> None:
    made = {
        path.relative_to(pack.built).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pack.built.rglob("*")
        if path.is_file()
    }
    assert made == SHA256


def test_no_hidden_text_is_public(pack: ReferencePack) -> None:
    training = texts(pack.built / "public/train_inputs.jsonl")
    hidden = texts(pack.built / "hidden/test_inputs.jsonl")
    assert (len(training), len(hidden)) == (26_600, 12_156)
    assert len(set(training) | set(hidden)) == 38_756
    assert texts(pack.built / "public/smoke.jsonl") == training[:32]


def test_messages_are_not_shared(pack: ReferencePack) -> None:
    """Of a message all translations are on one side: read from the source, not from the builder."""
    packed = (pack.folder / "source/messages.jsonl.xz").read_bytes()
    places = defaultdict(set)
    side = dict.fromkeys(texts(pack.built / "public/train_inputs.jsonl"), "training")
    usages = [row["usage"] for row in rows(pack.built / "hidden/labels.csv")]
    side |= dict(zip(texts(pack.built / "hidden/test_inputs.jsonl"), usages, strict=True))
    messages = defaultdict(set)
    for line in lzma.decompress(packed).decode().splitlines():
        record = json.loads(line)
        for language in pack.spec.task.settings["class_names"]:
            for text in record["texts"].get(language, ()):
                messages[" ".join(text.split())].add(record["message"])
    for text, where in side.items():
        if len(messages[text]) == 1:
            places[next(iter(messages[text]))].add(where)
    assert Counter(map(len, places.values()))[1] == len(places) > 700


def test_the_order_says_nothing_about_the_split(pack: ReferencePack) -> None:
    usages = [row["usage"] for row in rows(pack.built / "hidden/labels.csv")]
    half = usages[: len(usages) // 2]
    assert abs(half.count("Public") / len(half) - usages.count("Public") / len(usages)) < 0.02


def test_every_language_is_in_every_part(pack: ReferencePack) -> None:
    names = pack.spec.task.settings["class_names"]
    assert names == sorted(names)
    hidden = Counter((row["label"], row["usage"]) for row in rows(pack.built / "hidden/labels.csv"))
    assert set(hidden) == {(name, usage) for name in names for usage in ("Public", "Private")}
    assert min(hidden.values()) >= 25
    training = rows(pack.built / "public/train_labels.csv")
    assert {row["label"] for row in training} == set(names)


@pytest.fixture(scope="module")
def public_half(pack: ReferencePack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return pack.public_lines(tmp_path_factory.mktemp("public"))


@pytest.mark.parametrize("name", ["trigrams-32k", "ngrams-250k", "words-python"])
def test_a_baseline_scores_what_the_pack_says(
    pack: ReferencePack, public_half: tuple[Path, Path], name: str
) -> None:
    (baseline,) = (each for each in pack.spec.baselines if each.folder == f"baselines/{name}")
    score = pack.score(pack.folder / baseline.folder / "artifact", *public_half)
    assert score == pytest.approx(baseline.score, abs=baseline.tolerance)
    assert f"| {name} | " in pack.page("overview")
    assert f"| {score:.4f} |" in pack.page("overview")


def test_the_code_of_the_overview_makes_a_model_that_scores(
    pack: ReferencePack, public_half: tuple[Path, Path], tmp_path: Path
) -> None:
    (code,) = pack.blocks("overview", "python")
    (tmp_path / "language-id").mkdir()
    (tmp_path / "language-id/public").symlink_to(pack.built / "public")
    subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", code], cwd=tmp_path, check=True, timeout=120
    )
    verdict = inspect_artifact(folder_files(tmp_path / "model"), format="onnx")
    assert verdict.counts is not None
    assert first_fitting(verdict.counts, [each.budget for each in pack.spec.divisions]) == 0
    assert pack.score(tmp_path / "model", *public_half) == pytest.approx(0.72, abs=0.02)
