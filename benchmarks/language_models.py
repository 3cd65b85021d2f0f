"""Language models of transformers, of a million parameters and with random weights."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from benchmarks.packs import made_pack
from benchmarks.workload import QUOTA, Workload
from tests.evaluator.harness.transformers_models import save_model, save_tokenizer

LLAMA: dict[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 344,
    "num_hidden_layers": 5,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
}
"""1,056,000 parameters over a vocabulary of bytes."""
DOCUMENTS = 64
DOCUMENT_BYTES = 256
BATCH = 8
"""Of the bare loop: the fastest of 2, 4, …, 64 on a CPU."""
LETTERS = "etaoin shrdlu"


def language_models(work: Path, count: int) -> Workload:
    """Variants of a Llama on 16 KiB of text."""
    smoke, *documents = _documents()
    models = _variants(work / "models", count + 1)
    lines = "".join(json.dumps({"text": text}) + "\n" for text in documents).encode()
    usages = ("Public", "Private")
    labels = "".join(f"{n},{DOCUMENT_BYTES},{usages[n % 2]}\n" for n in range(DOCUMENTS))
    packs = made_pack(
        work / "packs",
        "language",
        sections={
            "title": "A million parameters of language",
            "task": {"type": "language-modelling", "settings": {}},
            "metrics": [{"name": "bits_per_byte", "title": "Bits per byte"}],
            "formats": ["transformers"],
            "divisions": [
                {
                    "slug": "2m",
                    "title": "2M",
                    "budget": {"parameters": 2_000_000, "side_bytes": 1024**2},
                }
            ],
            "upload": {"max_bytes": 32 * 1024**2},
            "data": {
                "public": ["smoke.jsonl"],
                "smoke_inputs": "smoke.jsonl",
                "hidden_inputs": "hidden/inputs.jsonl",
                "labels": "hidden/labels.csv",
            },
        },
        data={
            "smoke.jsonl": json.dumps({"text": smoke}).encode() + b"\n",
            "hidden/inputs.jsonl": lines,
            "hidden/labels.csv": ("id,label,usage\n" + labels).encode(),
        },
        model=models[0],
        quota=QUOTA,
    )
    data = packs / "language" / "data"
    return Workload("language", packs, data, models[1:], _runner(documents))


def _documents() -> list[str]:
    """One to smoke, and those that are hidden."""
    random = np.random.default_rng(0)
    letters = random.choice(list(LETTERS), (1 + DOCUMENTS, DOCUMENT_BYTES))
    return ["".join(row) for row in letters]


def _variants(folder: Path, count: int) -> list[Path]:
    """`count` models, each with another first weight, so that none is a duplicate."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    folder.mkdir(parents=True)
    made = [folder / str(number) for number in range(count)]
    model = save_model(made[0], "LlamaForCausalLM", **LLAMA)
    for target in made[1:]:
        with torch.no_grad():
            model.lm_head.weight[0, 0] += 1e-3
        model.save_pretrained(target)
        save_tokenizer(target)
    return made


def _runner(documents: list[str]) -> Callable[[Path], None]:
    torch.set_num_threads(1)

    @torch.inference_mode()
    def run(folder: Path) -> None:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(folder)
        model.eval()
        for at in range(0, DOCUMENTS, BATCH):
            encoded = tokenizer(documents[at : at + BATCH], add_special_tokens=False)
            ids = torch.tensor([[tokenizer.bos_token_id, *row] for row in encoded["input_ids"]])
            told = model(input_ids=ids[:, :-1]).logits.float().log_softmax(-1)
            told.gather(-1, ids[:, 1:].unsqueeze(-1)).sum()

    return run
