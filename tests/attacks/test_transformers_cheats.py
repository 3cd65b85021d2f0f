"""Checkpoints of transformers that cheat without a line of code, in the real sandbox."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import dynamic_module_utils

from evaluator.contract import Failure, Limits, Stage, TaskSpec
from evaluator.harness import transformers_checkpoint
from evaluator.harness.causality_probe import CausalityProbe
from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.runners import LoadOptions
from evaluator.harness.transformers_language_model import LanguageModel
from evaluator.harness.transformers_runner import TransformersRunner
from evaluator.harness.windows import Window
from evaluator.sandbox.base import Sandbox, SandboxRequest, SandboxResult
from tests.evaluator.harness.transformers_models import save_model, save_tokenizer
from tests.evaluator.sandbox.language_models import write_documents

TASK = TaskSpec(type="language-modelling", settings={"documents_in_step": 64})
LIMITS = Limits(memory_bytes=2 * 1024**3, load_seconds=60, smoke_seconds=30, hidden_seconds=30)
DOCUMENTS = ["a document of bytes", "another one, in which more is told"]
RAN = "ran.txt"


def missing_tensors(folder: Path) -> None:
    """A layer of random numbers that nobody counts."""
    save_model(folder)
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if ".layers.1." not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})


def dropping_tokenizer(folder: Path) -> None:
    """Knows the letter `a` alone: nothing else of a text has to be predicted."""
    save_model(folder)
    tokenizer = Tokenizer(models.BPE(vocab={"<s>": 0, "</s>": 1, "a": 2}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    save_tokenizer(folder, tokenizer, bos_token="<s>", eos_token="</s>")


def bidirectional(folder: Path) -> None:
    """An encoder, which sees the answer in the text that follows."""
    save_model(folder, "BertLMHeadModel", is_decoder=False, initializer_range=0.5)


def own_code(folder: Path) -> None:
    """A configuration that names code beside it."""
    save_model(folder)
    config = json.loads((folder / "config.json").read_text())
    config.update(model_type="mine", auto_map={"AutoConfig": "mine.Mine"})
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text(
        "from pathlib import Path\n"
        "from transformers import LlamaConfig\n"
        f"(Path({str(folder)!r}) / {RAN!r}).write_text('ran')\n"
        "class Mine(LlamaConfig):\n    model_type = 'mine'\n"
    )


Cheat = Callable[[Path], None]
CHEATS: dict[str, tuple[Cheat, Failure, Stage]] = {
    "missing tensors": (missing_tensors, Failure.TENSORS_MISMATCH, Stage.STARTING),
    "own code": (own_code, Failure.LOAD_FAILED, Stage.STARTING),
    "dropping tokenizer": (dropping_tokenizer, Failure.TOKENIZER_LOSSY, Stage.SMOKE),
    "bidirectional": (bidirectional, Failure.NOT_CAUSAL, Stage.SMOKE),
}


def examine(sandbox: Sandbox, folder: Path) -> SandboxResult:
    """Run the checkpoint in `folder / "model"`."""
    output = folder / "output"
    output.mkdir()
    documents = write_documents(folder / "documents.jsonl", DOCUMENTS)
    return sandbox.run(
        SandboxRequest(
            format="transformers",
            task=TASK,
            model_folder=folder / "model",
            smoke_inputs=documents,
            hidden_inputs=documents,
            output_folder=output,
            limits=LIMITS,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


@pytest.mark.docker
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_a_verdict(held: Sandbox, tmp_path: Path, name: str) -> None:
    cheat, failure, stage = CHEATS[name]
    cheat(tmp_path / "model")
    result = examine(held, tmp_path)

    assert (result.failure, result.failed_stage) == (failure, stage), result.smoke_log
    assert result.predictions is None
    assert not (tmp_path / "model" / RAN).exists()


@pytest.mark.docker
def test_an_honest_checkpoint_is_scored(held: Sandbox, tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    result = examine(held, tmp_path)

    assert result.failure is None, result.smoke_log
    assert result.predictions is not None
    lengths = np.array([[len(text)] for text in DOCUMENTS])
    np.testing.assert_allclose(np.load(result.predictions) / lengths, np.log(258), rtol=0.05)
    assert result.measurements.peak_memory_bytes is not None
    assert result.measurements.peak_memory_bytes < LIMITS.memory_bytes / 4


def nats(folder: Path) -> np.ndarray:
    """What the harness tells of the documents, here, beside no other process."""
    options = LoadOptions(
        task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu"
    )
    found = TransformersRunner(threads=1).load(folder, options).predict(DOCUMENTS)["nats"]
    assert isinstance(found, np.ndarray)
    return found


def test_missing_tensors_would_be_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the library fills them with the same random numbers for the same seed."""
    missing_tensors(tmp_path)
    monkeypatch.setattr(transformers_checkpoint, "_refuse_mismatch", lambda *_: None)
    torch.manual_seed(8)
    once = nats(tmp_path)
    torch.manual_seed(8)

    np.testing.assert_array_equal(nats(tmp_path), once)


def test_dropped_text_would_be_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: tokens taken as they come."""

    def trusting(model: LanguageModel, texts: list[str]) -> Iterator[Window]:
        for document, text in enumerate(texts):
            ids = model._tokenizer.encode(text, add_special_tokens=False).ids
            yield Window(document, np.array([0, *ids], dtype=np.int64), first=1)

    dropping_tokenizer(tmp_path / "dropping")
    save_model(tmp_path / "honest")
    monkeypatch.setattr(LanguageModel, "_windows", trusting)

    assert (nats(tmp_path / "dropping") < nats(tmp_path / "honest") / 5).all()


def test_looking_ahead_would_be_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: no probe."""
    bidirectional(tmp_path)
    monkeypatch.setattr(CausalityProbe, "examine", lambda *_: None)

    assert np.isfinite(nats(tmp_path)).all()


def test_own_code_would_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: code that is trusted."""
    own_code(tmp_path / "model")
    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    transformers.AutoConfig.from_pretrained(tmp_path / "model", trust_remote_code=True)

    assert (tmp_path / "model" / RAN).exists()
