"""Every architecture that transformers writes from a tiny configuration is honest.

Each is saved with `save_pretrained` and inspected. Its count is what PyTorch counts: the elements
of its parameters, ties once, and of the buffers that are saved, with the rule for integers.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from evaluator.inspection import Verdict, detect_format, folder_files, inspect_artifact
from tests.evaluator.inspection.tiny_models import ARCHITECTURES


def built(name: str) -> Any:
    architecture = getattr(transformers, name)
    torch.manual_seed(0)
    return architecture(architecture.config_class(**ARCHITECTURES[name]))


def verdict_on(model: Any, folder: Path) -> Verdict:
    model.save_pretrained(folder)
    files = folder_files(folder)
    assert detect_format(files) == "transformers"
    return inspect_artifact(files, format="transformers")


def counted_by_torch(model: torch.nn.Module) -> int:
    saved = model.state_dict().keys()
    tensors = [*model.parameters(), *(b for name, b in model.named_buffers() if name in saved)]
    return sum(
        tensor.numel()
        if tensor.is_floating_point() or tensor.numel() == 1
        else 2 * tensor.numel() * tensor.element_size()
        for tensor in tensors
    )


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_counts_what_torch_counts(name: str, tmp_path: Path) -> None:
    model = built(name)
    verdict = verdict_on(model, tmp_path)
    assert verdict.counts is not None, verdict.refusals
    assert verdict.counts.parameters == counted_by_torch(model)


def test_there_are_thirty_architectures_and_more() -> None:
    families = {getattr(transformers, name).config_class for name in ARCHITECTURES}
    assert len(families) >= 30


def test_ties_are_broken_and_made(tmp_path: Path) -> None:
    """The same model with and without tied embeddings differs by one embedding."""
    sizes = ARCHITECTURES["LlamaForCausalLM"]
    counts = []
    for tied in (True, False):
        config = transformers.LlamaConfig(**sizes, tie_word_embeddings=tied)
        verdict = verdict_on(transformers.LlamaForCausalLM(config), tmp_path / str(tied))
        assert verdict.counts is not None
        counts.append(verdict.counts.parameters)
    assert counts[1] - counts[0] == 64 * 16
