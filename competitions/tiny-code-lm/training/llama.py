"""A Llama over bytes: how it is trained, validated and saved as a checkpoint of transformers.

A token is a byte and its number is the byte's value. Documents hold no NUL, so 0 is the start.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

START = 0
START_TOKEN = "<s>"
VOCABULARY = 256
SEED = 0
THREADS = 2
WARM_UP = 0.05
"""Share of the steps in which the learning rate rises; in the rest it falls to zero."""

ADAM_RATE = 6e-3
MUON_RATE = 1e-2
WEIGHT_DECAY = 0.05


@dataclass(frozen=True)
class Sizes:
    """The sizes of a model. `context` is the longest window, in bytes."""

    width: int
    hidden: int
    layers: int
    heads: int
    context: int = 512


@dataclass(frozen=True)
class Stage:
    """A part of the training: `steps` batches of `rows` windows of `length` bytes."""

    steps: int
    rows: int
    length: int


SMALL = Sizes(width=48, hidden=128, layers=3, heads=3)
SMALL_STAGES = (Stage(2400, rows=8, length=256), Stage(500, rows=4, length=512))
LARGE = Sizes(width=128, hidden=384, layers=4, heads=4)
LARGE_STAGES = (Stage(1600, rows=8, length=256), Stage(400, rows=4, length=512))


def make_model(sizes: Sizes) -> LlamaForCausalLM:
    """A model of random weights, the same for the same sizes."""
    torch.manual_seed(SEED)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=sizes.width,
        intermediate_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        max_position_embeddings=sizes.context,
        tie_word_embeddings=True,
        bos_token_id=START,
        eos_token_id=None,
        pad_token_id=None,
        use_cache=False,
    )
    return LlamaForCausalLM(config)


class Corpus:
    """The training text, from which windows are drawn that begin with a line."""

    def __init__(self, data: Path) -> None:
        with (data / "train.jsonl").open(encoding="utf-8") as file:
            text = b"\0".join(json.loads(line)["text"].encode() for line in file)
        self._text = np.frombuffer(text, dtype=np.uint8)
        self._lines = np.flatnonzero(self._text == ord("\n")) + 1
        self._generator = np.random.default_rng(SEED)

    def batch(self, stage: Stage) -> tuple[Tensor, Tensor]:
        """Inputs and the bytes that follow, each int64 [rows, length]."""
        lines = self._lines[self._lines < len(self._text) - stage.length]
        starts = self._generator.choice(lines, stage.rows)
        windows = self._text[starts[:, None] + np.arange(stage.length)].astype(np.int64)
        begun = np.pad(windows[:, :-1], ((0, 0), (1, 0)), constant_values=START)
        return torch.from_numpy(begun), torch.from_numpy(windows)


def fit(data: Path, sizes: Sizes, stages: Iterable[Stage]) -> LlamaForCausalLM:
    """Train a model: Muon for the matrices, AdamW for the embedding and the norms."""
    torch.set_num_threads(THREADS)
    model = make_model(sizes)
    corpus = Corpus(data)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    optimizers = [
        torch.optim.Muon(
            matrices, lr=MUON_RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    steps = [stage for stage in stages for _ in range(stage.steps)]
    warm = max(1, round(WARM_UP * len(steps)))
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda step: min((step + 1) / warm, (len(steps) - step) / (len(steps) - warm)),
        )
        for optimizer in optimizers
    ]
    model.train()
    started, mean = time.monotonic(), 0.0
    for number, stage in enumerate(steps):
        inputs, targets = corpus.batch(stage)
        logits = model(input_ids=inputs).logits
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        mean = loss.item() if number == 0 else 0.98 * mean + 0.02 * loss.item()
        if (number + 1) % 100 == 0:
            seconds = time.monotonic() - started
            print(f"{number + 1}/{len(steps)}: {mean / np.log(2):.3f} bits, {seconds:.0f} s")
    return model.eval()


def byte_tokenizer() -> Tokenizer:
    """A tokenizer whose tokens are the bytes, in order; the start takes the place of NUL."""
    signs = pre_tokenizers.ByteLevel.alphabet()
    printed = [sign for sign in map(chr, range(0x180)) if sign in signs]
    own = [sign for sign in printed if ord(sign) < VOCABULARY]
    moved = iter(sign for sign in printed if ord(sign) >= VOCABULARY)
    by_byte = [chr(byte) if chr(byte) in own else next(moved) for byte in range(VOCABULARY)]
    vocabulary = {START_TOKEN: START} | {by_byte[byte]: byte for byte in range(1, VOCABULARY)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def save(model: LlamaForCausalLM, artifact: Path) -> None:
    """Write the model as a checkpoint of transformers, with nothing that scoring doesn't need."""
    model.save_pretrained(artifact)
    (artifact / "generation_config.json").unlink()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer(), bos_token=START_TOKEN, clean_up_tokenization_spaces=False
    )
    tokenizer.save_pretrained(artifact)
