"""The data of `code-search`, its baselines' scores, and the model that its page shows."""

import hashlib
import importlib
import json
import lzma
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from evaluator.inspection import folder_files, inspect_artifact
from tests.competitions.conftest import BuildPack
from tests.support.reference_packs import ReferencePack, rows

SHA256 = {
    "hidden/labels.csv": "381ddf12b94eef6c8067db00b01b129d395dcc0befbd08ddbf1a6a30d6a34c7a",
    "hidden/test_inputs.jsonl": "40e9ecb4c4963c9213bb75b8a4d5db0a7a3d307a6e27d00714b6e19f1d0fb7f6",
    "public/smoke.jsonl": "96dcaab0ea7ab7dce8c343b20c6ff24e10a0b439eb54d75bd7ca7f3e0a433cc9",
    "public/train.csv": "e3b9ebc889bf0928fc689036eb3f58cf88cff61f035b1168ebc0c6620d7066ae",
    "public/train_inputs.jsonl": "50283f8fbccdb982cd41e95b6ef2b15bfea2f244ff2f6509a15ec0f9980b80ef",
    "public/train_labels.csv": "9cd74eb2e73bd6a4193b8c0624123cb51d8e7a610a5f78e5d3bc566aa18d50fd",
}

Half = tuple[Path, Path]


@pytest.fixture(scope="module")
def pack(built_pack: BuildPack) -> ReferencePack:
    return built_pack("code-search")


@pytest.fixture(scope="module")
def public_half(pack: ReferencePack, tmp_path_factory: pytest.TempPathFactory) -> Half:
    return pack.public_lines(tmp_path_factory.mktemp("public"))


def records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def test_the_bytes_are_pinned(pack: ReferencePack) -> None:
    made = {
        path.relative_to(pack.built).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pack.built.rglob("*")
        if path.is_file()
    }
    assert made == SHA256


def test_no_hidden_text_is_public(pack: ReferencePack) -> None:
    training = rows(pack.built / "public/train.csv")
    hidden = {record["text"] for record in records(pack.built / "hidden/test_inputs.jsonl")}
    assert (len(training), len(hidden)) == (2973, 2400)
    assert not hidden & {record[kind] for record in training for kind in ("query", "code")}


def test_modules_are_not_shared(pack: ReferencePack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(pack.folder)
    monkeypatch.delitem(sys.modules, "build_data", raising=False)
    builder = importlib.import_module("build_data")
    monkeypatch.delitem(sys.modules, "build_data")
    training, parts = builder.split(builder.read_source())
    sides = [{each.module for each in members} for members in (training, *parts.values())]
    assert sum(map(len, sides)) == len(set().union(*sides)) > 100
    assert {each.module for each in training} == {
        record["module"] for record in rows(pack.built / "public/train.csv")
    }


def test_every_query_has_its_own_function(pack: ReferencePack) -> None:
    inputs = records(pack.built / "hidden/test_inputs.jsonl")
    labels = rows(pack.built / "hidden/labels.csv")
    by_id = {row["id"]: record["text"] for row, record in zip(labels, inputs, strict=True)}
    queries = [row for row in labels if row["usage"] != "Document"]
    assert [record["kind"] for record in inputs] == ["query"] * 1200 + ["document"] * 1200
    assert len({row["label"] for row in queries}) == 1200
    # The pairs are the source's own.
    packed = (pack.folder / "source/functions.jsonl.xz").read_bytes()
    lines = lzma.decompress(packed).decode().split("\n")[:-1]
    pairs = [(record["doc"], record["code"]) for record in map(json.loads, lines)]
    codes: dict[str, list[str]] = {}
    for doc, code in pairs:
        codes.setdefault(doc, []).append(code)
    for row in queries:
        assert any(code.startswith(by_id[row["label"]]) for code in codes[by_id[row["id"]]])
    # Neither list is in the order of the other.
    places = [int(row["label"].removeprefix("d")) for row in queries]
    assert abs(np.corrcoef(places, range(1200))[0, 1]) < 0.1
    half = [row["usage"] for row in queries[:600]]
    assert 250 <= half.count("Public") <= 350


@pytest.mark.parametrize("name", ["ngrams-131k", "words-python"])
def test_a_baseline_scores_what_the_pack_says(
    pack: ReferencePack, public_half: Half, name: str
) -> None:
    (baseline,) = (each for each in pack.spec.baselines if each.folder == f"baselines/{name}")
    score = pack.score(pack.folder / baseline.folder / "artifact", *public_half)
    assert score == pytest.approx(baseline.score, abs=baseline.tolerance)
    assert f"| {baseline.score:.4f} |" in pack.page("overview")


def test_training_and_export_work(
    pack: ReferencePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights, and what it says of a text against the features that it was trained on."""
    monkeypatch.syspath_prepend(pack.folder / "training")
    sketches = importlib.import_module("sketches")
    monkeypatch.setattr(sketches, "EPOCHS", 1)
    weights = sketches.fit(pack.built / "public", sketches.ngram_buckets)
    sketches.export(weights, tmp_path)
    text = "def Parse(text):  # für alle"
    padded = np.frombuffer(text.encode().ljust(1024, b"\0"), dtype=np.uint8)[None]
    expected = sketches.sketched(
        [sketches.counted(sketches.ngram_buckets(text))], sketches.torch.from_numpy(weights)
    )
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (vector,) = session.run(None, {"text": padded})[0]
    np.testing.assert_allclose(vector / np.linalg.norm(vector), expected[0], atol=1e-5)


def test_the_code_of_the_overview_makes_a_model_that_scores(
    pack: ReferencePack, public_half: Half, tmp_path: Path
) -> None:
    (code,) = pack.blocks("overview", "python")
    (tmp_path / "code-search").mkdir()
    (tmp_path / "code-search/public").symlink_to(pack.built / "public")
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, timeout=120)
    verdict = inspect_artifact(folder_files(tmp_path / "model"), format="onnx")
    assert verdict.refusals == ()
    assert 0.01 < pack.score(tmp_path / "model", *public_half) < 0.2
