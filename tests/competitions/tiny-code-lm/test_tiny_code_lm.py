"""The data of `tiny-code-lm`, its baselines' scores, and the model that its page shows."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.onnx_runner import OnnxRunner
from evaluator.harness.runners import LoadOptions
from evaluator.harness.transformers_runner import TransformersRunner
from evaluator.inspection import first_fitting, folder_files, inspect_artifact
from tests.competitions.conftest import BuildPack
from tests.support.reference_packs import ReferencePack, rows

SHA256 = {
    "hidden/labels.csv": "297e0350da12e416223d07809ebc3b04064b134a638787259a52a6d6c1f761b7",
    "hidden/test_inputs.jsonl": "b04055b1fac9619e37233d98143764c16681241bbe44274bd859fe108aede970",
    "public/smoke.jsonl": "294fd6f604345a03efdf0ad50744910b2ab3008910d2ecebc9f47ae0497a4f2a",
    "public/train.jsonl": "d21c189ea0c3d290c79d26e7847270dce734fb36e4e34b3ded16b8e2372dd2b0",
    "public/valid_inputs.jsonl": "49fa18352e6f78c28030335c99fff5e02eb5de92473304feabe6f1414168f31d",
    "public/valid_labels.csv": "3a0cbc65f3594a7ab44aec7cf7b669a21852e64bc45654a34dacc897943e3911",
}
SAMPLE = 4
"""Public documents, which are scored in seconds; all of them take minutes."""

SAMPLE_SCORES = {"llama-96k-onnx": 2.743170, "llama-886k-onnx": 2.277462}
"""Bits per byte of the sample."""

Sample = tuple[Path, Path]


@pytest.fixture(scope="module")
def pack(built_pack: BuildPack) -> ReferencePack:
    return built_pack("tiny-code-lm")


@pytest.fixture(scope="module")
def sample(pack: ReferencePack, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return pack.public_lines(tmp_path_factory.mktemp("public"), most=SAMPLE)


def records(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def texts(path: Path) -> list[str]:
    return [record["text"] for record in records(path)]


def test_the_bytes_are_pinned(pack: ReferencePack) -> None:
    made = {
        path.relative_to(pack.built).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pack.built.rglob("*")
        if path.is_file()
    }
    assert made == SHA256


def test_documents_are_new_to_who_trains(pack: ReferencePack) -> None:
    training = "\0".join(texts(pack.built / "public/train.jsonl"))
    validation = texts(pack.built / "public/valid_inputs.jsonl")
    hidden = texts(pack.built / "hidden/test_inputs.jsonl")
    assert (len(validation), len(hidden)) == (64, 256)
    assert len({*validation, *hidden}) == 320
    assert not any(document in training for document in [*validation, *hidden])
    assert texts(pack.built / "public/smoke.jsonl") == validation[:8]
    labels = rows(pack.built / "hidden/labels.csv")
    assert [int(row["label"]) for row in labels] == [len(text.encode()) for text in hidden]
    assert min(map(len, hidden)) >= 512
    half = [row["usage"] for row in labels[:128]]
    assert 40 <= half.count("Public") <= 88


def test_modules_are_not_shared(pack: ReferencePack) -> None:
    builder = module_of(pack.folder / "build_data.py")
    training, parts = builder.split(builder.read_source())
    sides = {
        "training": {file.module for file in training},
        **{
            part: {builder.File(document.path, "").module for document in documents}
            for part, documents in parts.items()
        },
    }
    assert set(sides) == {"training", "Public", "Private", "validation"}
    assert sum(map(len, sides.values())) == len(set().union(*sides.values())) > 150
    public_paths = {record["path"] for record in records(pack.built / "public/train.jsonl")}
    assert public_paths == {file.path for file in training}


@pytest.mark.parametrize("name", SAMPLE_SCORES)
def test_a_baseline_scores_what_it_did(pack: ReferencePack, sample: Sample, name: str) -> None:
    score = pack.score(pack.folder / "baselines" / name / "artifact", *sample)
    assert score == pytest.approx(SAMPLE_SCORES[name], abs=1e-4)


def test_both_formats_of_a_model_tell_the_same(pack: ReferencePack, sample: Sample) -> None:
    options = LoadOptions(
        task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu"
    )
    documents = texts(sample[0])[:2]
    told = [
        runner(threads=1).load(pack.folder / "baselines" / name / "artifact", options)
        for runner, name in ((TransformersRunner, "llama-96k"), (OnnxRunner, "llama-96k-onnx"))
    ]
    first, second = (np.asarray(model.predict(documents)["nats"]) for model in told)
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_training_and_export_work(
    pack: ReferencePack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few steps of a smaller model: the baselines' own take minutes."""
    monkeypatch.syspath_prepend(pack.folder / "training")
    llama, llama_onnx = map(importlib.import_module, ("llama", "llama_onnx"))
    monkeypatch.setattr(llama, "THREADS", 1)
    sizes = llama.Sizes(width=16, hidden=32, layers=2, heads=2, context=32)
    stages = [llama.Stage(2, rows=2, length=32)]
    model = llama.fit(pack.built / "public", sizes, stages)
    llama.save(model, tmp_path / "checkpoint")
    llama_onnx.export(model, tmp_path / "onnx")
    options = LoadOptions(
        task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu"
    )
    first, second = (
        np.asarray(runner(threads=1).load(folder, options).predict(["def f(x):\n"])["nats"])
        for runner, folder in (
            (TransformersRunner, tmp_path / "checkpoint"),
            (OnnxRunner, tmp_path / "onnx"),
        )
    )
    np.testing.assert_allclose(first, second, rtol=1e-5)


def test_the_page_tells_what_the_pack_tells(pack: ReferencePack) -> None:
    overview = pack.page("overview")
    scores = {Path(each.folder).name: each.score for each in pack.spec.baselines}
    order5 = 2.4964
    assert f"| order-5 n-gram | none | all counts | {order5} |" in overview
    for name in ("llama-96k", "llama-886k-onnx"):
        assert f"| {scores[name]:.4f} |" in overview
        assert scores[name] < order5
    best = scores["llama-886k-onnx"]
    assert f"by {order5 - best:.2f} bits per byte" in " ".join(overview.split())
    assert f"{1 - best / order5:.0%}".replace("%", " %") in overview


def test_ngrams_are_counted_right(pack: ReferencePack) -> None:
    """Against probabilities worked out by hand: two orders of Witten-Bell over `abab`."""
    ngram = module_of(pack.folder / "training/ngram.py")
    told = ngram.probabilities([b"ababc"], [b"ab"], order=1)
    # Order 0: 5 bytes, 3 kinds. After `a` came `b` twice: 2 seen, 1 kind.
    first = (2 + 3 / 256) / 8
    second = (2 + 1 * first) / 3
    np.testing.assert_allclose(told, [first, second])


def module_of(path: Path) -> ModuleType:
    """A module that is no part of a package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def test_the_code_of_the_overview_makes_a_model_that_scores(
    pack: ReferencePack, sample: Sample, tmp_path: Path
) -> None:
    (code,) = pack.blocks("overview", "python")
    (tmp_path / "tiny-code-lm").mkdir()
    (tmp_path / "tiny-code-lm/public").symlink_to(pack.built / "public")
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, timeout=120)
    verdict = inspect_artifact(folder_files(tmp_path / "model"), format="onnx")
    assert verdict.counts is not None
    assert verdict.counts.parameters == 65_536
    assert first_fitting(verdict.counts, [each.budget for each in pack.spec.divisions]) == 0
    assert pack.score(tmp_path / "model", *sample) == pytest.approx(4.215, abs=0.001)
