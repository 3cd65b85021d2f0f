"""Small checkpoints of transformers, as `save_pretrained` writes them, with tokenizers on bytes."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SIZES = {
    "vocab_size": 258,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}
START, END = "<s>", "</s>"


def byte_level() -> Tokenizer:
    """A token for each byte, after the two special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {START: 0, END: 1, **{sign: place + 2 for place, sign in enumerate(alphabet)}}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def save_tokenizer(folder: Path, tokenizer: Tokenizer | None = None, **tokens: str) -> None:
    """Write a tokenizer with its special tokens, those of `byte_level` if none are named."""
    named = tokens or {"bos_token": START, "eos_token": END}
    fast: Any = transformers.PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer or byte_level(), **named).save_pretrained(folder)


def save_model(folder: Path, class_name: str = "LlamaForCausalLM", **config: Any) -> Any:
    """Write a random model of a class of transformers with the tokenizer on bytes; return it."""
    torch.manual_seed(5)
    kind = getattr(transformers, class_name)
    model = kind(kind.config_class(**{**SIZES, **config})).eval()
    model.save_pretrained(folder)
    save_tokenizer(folder)
    return model
