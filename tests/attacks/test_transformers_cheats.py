"""Checkpoints of transformers that cheat without a line of code, in the real sandbox."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from evaluator.contract import Failure, Stage
from evaluator.harness import transformers_checkpoint
from evaluator.harness.causality_probe import CausalityProbe
from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.runners import LoadOptions
from evaluator.harness.transformers_language_model import LanguageModel
from evaluator.harness.transformers_runner import TransformersRunner
from evaluator.harness.windows import Window
from evaluator.sandbox.base import Sandbox
from tests.attacks.models_without_code import CHECKPOINT_LIMITS, DOCUMENTS, run_checkpoint
from tests.attacks.possessed import Weaknesses
from tests.evaluator.harness.transformers_models import SIZES, save_model, save_tokenizer

RAN = "the code beside the model has run"
TRUSTED = "trusted.txt"
TRUSTING = f"""
from evaluator.harness import transformers_checkpoint as checkpoint, transformers_runner
load_closed = transformers_runner.TransformersRunner.load
def load_trusting(self, folder, options):
    if (folder / {TRUSTED!r}).exists():
        from transformers import AutoTokenizer
        checkpoint.LOCAL = {{**checkpoint.LOCAL, "trust_remote_code": True}}
        transformers_runner.load_tokenizer = (
            lambda folder: AutoTokenizer.from_pretrained(folder, **checkpoint.LOCAL)
        )
    return load_closed(self, folder, options)
transformers_runner.TransformersRunner.load = load_trusting
forked_child.deny_opening_to_write = lambda: None
"""
"""A harness that trusts whatever says that it be trusted, and can lay its code out."""


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
    """An encoder that looks one token ahead, at the answer, and knows nothing else.

    A third of its width tells where a token stands, by which the attention of each place turns to
    the next one, a third which token it is, and a third which one the next is.
    """
    third = int(SIZES["max_position_embeddings"])
    model = save_model(
        folder,
        "BertLMHeadModel",
        is_decoder=False,
        tie_word_embeddings=False,
        hidden_act="linear",
        hidden_size=3 * third,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    places, own, following = torch.arange(3 * third).reshape(3, third)
    signs = torch.randint(2, (SIZES["vocab_size"], third)) * 2.0 - 1
    attention = model.bert.encoder.layer[0].attention
    head = model.cls.predictions
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.fill_(1.0 if "LayerNorm.weight" in name else 0.0)
        model.bert.embeddings.word_embeddings.weight[:, own] = signs
        model.bert.embeddings.position_embeddings.weight[:, places] = 8 * torch.eye(third)
        attention.self.query.weight[places[1:], places[:-1]] = 10
        attention.self.key.weight[places, places] = 10
        attention.self.value.weight[following, own] = 1
        for dense in (attention.output.dense, head.transform.dense):
            dense.weight.fill_diagonal_(1)
        head.decoder.weight[:, following] = signs / 4  # at the end it is wrong, and not too sure
    model.save_pretrained(folder)


def own_type(folder: Path) -> None:
    """A configuration of a type of its own, defined by code beside it."""
    save_model(folder)
    add_code(folder, "config.json", model_type="mine", auto_map={"AutoConfig": "mine.Mine"})


def own_code(folder: Path) -> None:
    """A configuration of a known type that prefers code beside it."""
    save_model(folder)
    names = {"AutoConfig": "mine.Mine", "AutoModelForCausalLM": "mine.Model"}
    add_code(folder, "config.json", auto_map=names)


def own_tokenizer(folder: Path) -> None:
    """A tokenizer that prefers code beside it."""
    save_model(folder)
    add_code(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": [None, "mine.Words"]})


def add_code(folder: Path, path: str, **fields: Any) -> None:
    """Name code in a configuration, which tells that it has run."""
    config = json.loads((folder / path).read_text())
    (folder / path).write_text(json.dumps({**config, **fields}))
    (folder / "mine.py").write_text(
        "import transformers\n"
        f"print({RAN!r})\n"
        "class Mine(transformers.LlamaConfig): pass\n"
        "class Model(transformers.LlamaForCausalLM): pass\n"
        "class Words(transformers.PreTrainedTokenizerFast): pass\n"
    )


Cheat = Callable[[Path], None]
OWN_CODE: dict[str, Cheat] = {
    "own type": own_type,
    "own code": own_code,
    "own tokenizer": own_tokenizer,
}
CHEATS: dict[str, tuple[Cheat, Failure | None, Stage | None]] = {
    "missing tensors": (missing_tensors, Failure.TENSORS_MISMATCH, Stage.STARTING),
    "own type": (own_type, Failure.LOAD_FAILED, Stage.STARTING),
    "own code": (own_code, None, None),  # scored as what the library knows
    "own tokenizer": (own_tokenizer, None, None),
    "dropping tokenizer": (dropping_tokenizer, Failure.TOKENIZER_LOSSY, Stage.SMOKE),
    "bidirectional": (bidirectional, Failure.NOT_CAUSAL, Stage.SMOKE),
}


@pytest.mark.docker
@pytest.mark.parametrize("name", CHEATS)
def test_a_cheat_is_a_verdict(held: Sandbox, tmp_path: Path, name: str) -> None:
    cheat, failure, stage = CHEATS[name]
    cheat(tmp_path / "model")
    result = run_checkpoint(held, tmp_path)

    assert (result.failure, result.failed_stage) == (failure, stage), result.smoke_log
    assert (result.predictions is None) == (failure is not None)
    assert RAN not in result.smoke_log + result.host_log


@pytest.mark.docker
def test_own_code_would_be_run(docker_engine: str, harness_image: str, tmp_path: Path) -> None:
    """The control: code that is trusted, and the same without the trust, in one container.

    It can be written to, since the library copies the code before it runs it.
    """
    weaknesses = Weaknesses(harness_image, tmp_path)
    with weaknesses.opened:
        sandbox = weaknesses(TRUSTING, tmpfs={"/tmp": "rw,mode=1777"}, ulimits=[]).sandbox
        for name, cheat in OWN_CODE.items():
            for trusted in (False, True):
                folder = tmp_path / f"{name}, {trusted}"
                cheat(folder / "model")
                if trusted:
                    (folder / "model" / TRUSTED).touch()
                log = run_checkpoint(sandbox, folder).smoke_log
                assert (RAN in log) == trusted, (name, log)


@pytest.mark.docker
def test_an_honest_checkpoint_is_scored(held: Sandbox, tmp_path: Path) -> None:
    save_model(tmp_path / "model")
    result = run_checkpoint(held, tmp_path)

    assert result.failure is None, result.smoke_log
    assert result.predictions is not None
    lengths = np.array([[len(text)] for text in DOCUMENTS])
    np.testing.assert_allclose(np.load(result.predictions) / lengths, np.log(258), rtol=0.05)
    assert result.measurements.peak_memory_bytes is not None
    assert result.measurements.peak_memory_bytes < CHECKPOINT_LIMITS.memory_bytes / 4


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


def test_looking_ahead_would_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: no probe."""
    bidirectional(tmp_path / "ahead")
    save_model(tmp_path / "honest")
    monkeypatch.setattr(CausalityProbe, "examine", lambda *_: None)

    assert (nats(tmp_path / "ahead") < nats(tmp_path / "honest") / 5).all()
