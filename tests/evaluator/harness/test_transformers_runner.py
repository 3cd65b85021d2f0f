"""Checkpoints of transformers: exact tensors, no code, and right answers by the kind of head."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from evaluator.harness.classification import Classification
from evaluator.harness.errors import LoadError, TensorsMismatch
from evaluator.harness.runners import LoadOptions, Model, TextSpec
from evaluator.harness.transformers_runner import TransformersRunner
from tests.evaluator.harness.transformers_models import byte_level, save_model, save_tokenizer

TEXTS = ["a", "some longer text", "später", "x" * 500]
WEIGHTS = "model.safetensors"
WARM_UP = """
import os
from evaluator.harness.runners import runner_for
runner = runner_for("transformers", threads=2)
runner.warm_up()
runner.rehearse()
print(len(os.listdir("/proc/self/task")))
"""


def load(folder: Path, task: str = "generation", **settings: Any) -> Model:
    options = LoadOptions(
        task_type=task,
        settings={"max_bytes": 12, **settings},
        inputs=TextSpec(max_bytes=1000),
        device="cpu",
    )
    return TransformersRunner(threads=1).load(folder, options)


def rewrite(folder: Path, **config: Any) -> None:
    """Change the configuration of a saved checkpoint."""
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **config}))


def rows(model: Model, texts: list[str], name: str) -> np.ndarray:
    found = model.predict(texts)[name]
    assert isinstance(found, np.ndarray)
    return found


def test_logits_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    save_model(tmp_path, "LlamaForSequenceClassification", num_labels=3)
    model = load(tmp_path, "classification")

    together = rows(model, TEXTS, "logits")
    assert together.shape == (4, 3)
    assert together.dtype == np.float32
    alone = np.concatenate([rows(model, [text], "logits") for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_classifier_answers_probabilities_too(tmp_path: Path) -> None:
    save_model(tmp_path, "LlamaForSequenceClassification", num_labels=3)
    outputs = load(tmp_path, "classification").predict(TEXTS)
    task = Classification.from_settings({"classes": 3, "input": {"text": {"max_bytes": 1000}}})

    found = task.rows(outputs, examples=4)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    logits = outputs["logits"]
    assert isinstance(logits, np.ndarray)
    np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))


def test_embeddings_are_means_over_a_texts_own_tokens(tmp_path: Path) -> None:
    saved = save_model(tmp_path, "LlamaModel")
    found = rows(load(tmp_path, "embedding"), TEXTS, "embeddings")

    tokens = torch.tensor([byte_level().encode(TEXTS[1]).ids])
    with torch.inference_mode():
        expected = saved(input_ids=tokens).last_hidden_state.mean(dim=1)
    np.testing.assert_allclose(found[1:2], expected.numpy(), atol=1e-5)


def test_texts_are_written_greedily_and_not_too_long(tmp_path: Path) -> None:
    save_model(tmp_path)
    model = load(tmp_path)

    together = model.predict(TEXTS)["texts"]
    assert together == [model.predict([text])["texts"][0] for text in TEXTS]
    assert all(isinstance(text, str) and len(text.encode()) <= 12 for text in together)


def test_the_artifacts_own_search_is_not_taken(tmp_path: Path) -> None:
    save_model(tmp_path)
    before = load(tmp_path).predict(TEXTS)["texts"]
    sampling = {"do_sample": True, "temperature": 9.0, "num_beams": 2, "max_new_tokens": 1}
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": 1, **sampling}))

    assert load(tmp_path).predict(TEXTS)["texts"] == before


def test_half_precision_runs_in_float32_on_a_processor(tmp_path: Path) -> None:
    saved = save_model(tmp_path, "LlamaModel")
    saved.to(torch.bfloat16).save_pretrained(tmp_path)

    assert rows(load(tmp_path, "embedding"), TEXTS, "embeddings").dtype == np.float32


def test_tied_weights_are_not_missing(tmp_path: Path) -> None:
    save_model(tmp_path, tie_word_embeddings=True)
    assert "lm_head.weight" not in load_file(tmp_path / WEIGHTS)

    load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("lm_head.weight"), r"1 missing \(lm_head\.weight\)"),
        (
            lambda tensors: tensors.update(extra=torch.ones(3)),
            r"1 not part of the model \(extra\)",
        ),
        (
            lambda tensors: tensors.update({"model.norm.weight": torch.ones(3)}),
            r"1 of another shape \(model\.norm\.weight\)",
        ),
    ],
    ids=["missing", "surplus", "another shape"],
)
def test_tensors_that_are_not_the_models(tmp_path: Path, change: Any, message: str) -> None:
    save_model(tmp_path)
    tensors = load_file(tmp_path / WEIGHTS)
    change(tensors)
    save_file(tensors, tmp_path / WEIGHTS, {"format": "pt"})

    with pytest.raises(TensorsMismatch, match=message):
        load(tmp_path)


def test_a_head_that_the_checkpoint_has_not(tmp_path: Path) -> None:
    save_model(tmp_path)

    with pytest.raises(TensorsMismatch, match=r"1 missing \(score\.weight\)"):
        load(tmp_path, "classification")


def test_a_lack_of_memory_is_told_apart(tmp_path: Path) -> None:
    save_model(tmp_path)
    rewrite(tmp_path, vocab_size=2**45)

    with pytest.raises(MemoryError, match="DefaultCPUAllocator"):
        load(tmp_path)


def test_code_beside_the_weights_is_not_run(tmp_path: Path) -> None:
    save_model(tmp_path)
    rewrite(tmp_path, model_type="mine", auto_map={"AutoConfig": "code.Config"})
    (tmp_path / "code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    with pytest.raises(LoadError, match=r"config\.json does not describe a known model"):
        load(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_weights_as_a_pickle_are_not_loaded(tmp_path: Path) -> None:
    save_model(tmp_path)
    torch.save(load_file(tmp_path / WEIGHTS), tmp_path / "pytorch_model.bin")
    (tmp_path / WEIGHTS).unlink()

    with pytest.raises(LoadError, match="transformers could not load the model"):
        load(tmp_path)


def test_no_fast_tokenizer(tmp_path: Path) -> None:
    save_model(tmp_path)
    (tmp_path / "tokenizer.json").unlink()

    with pytest.raises(LoadError, match=r"The artifact has no tokenizer\.json"):
        load(tmp_path)


def test_nothing_to_pad_with(tmp_path: Path) -> None:
    save_model(tmp_path)
    save_tokenizer(tmp_path, bos_token="<s>")

    with pytest.raises(LoadError, match="neither a pad nor an eos token"):
        load(tmp_path)


def test_warming_up_leaves_one_thread(tmp_path: Path) -> None:
    """The process is the parent of a fork server."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-c", WARM_UP],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout == "1\n"
