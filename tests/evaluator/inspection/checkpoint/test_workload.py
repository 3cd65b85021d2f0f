"""Active parameters and FLOPs of a token, against what PyTorch counts while a model runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from evaluator.inspection import Workload, folder_files, inspect_artifact
from evaluator.inspection.checkpoint import workload
from tests.evaluator.inspection.checkpoints import checkpoint, verdict_on
from tests.evaluator.inspection.tiny_models import ARCHITECTURES

TOKENS = 6
DENSE = [
    *("BertForMaskedLM", "BloomForCausalLM", "CohereForCausalLM", "DistilBertForMaskedLM"),
    *("FalconForCausalLM", "GPT2LMHeadModel", "GPTJForCausalLM", "GPTNeoXForCausalLM"),
    *("Gemma2ForCausalLM", "Gemma3ForCausalLM", "GraniteForCausalLM", "LlamaForCausalLM"),
    *(
        "MistralForCausalLM",
        "OPTForCausalLM",
        "Olmo2ForCausalLM",
        "Phi3ForCausalLM",
        "PhiForCausalLM",
    ),
    *("Qwen2ForCausalLM", "Qwen3ForCausalLM", "RobertaForMaskedLM", "SmolLM3ForCausalLM"),
    *("Starcoder2ForCausalLM", "XLMRobertaForMaskedLM"),
]
SPARSE = [
    *("MixtralForCausalLM", "OlmoeForCausalLM", "Qwen2MoeForCausalLM", "Qwen3MoeForCausalLM"),
]
UNKNOWN = ["AlbertForMaskedLM", "MambaForCausalLM", "T5ForConditionalGeneration"]


def saved(name: str, folder: Path, **fields: object) -> tuple[Any, Workload | None]:
    """A model, and the workload that inspection sees in its checkpoint."""
    torch.manual_seed(0)
    architecture = getattr(transformers, name)
    config = architecture.config_class(**{**ARCHITECTURES[name], **fields})
    model = architecture._from_config(config, experts_implementation="eager").eval()
    model.save_pretrained(folder)
    return model, inspect_artifact(folder_files(folder), format="transformers").workload


def test_every_type_that_is_known_is_tested_here() -> None:
    for names, known in ((DENSE, workload.DENSE), (SPARSE, workload.SPARSE)):
        types = {getattr(transformers, name).config_class.model_type for name in names}
        assert types == known


def flops_of_linear_layers(model: Any) -> int:
    """Operations a token in products with weights; those of attention are products of batches."""
    tokens = torch.arange(1, TOKENS + 1)[None]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(tokens)
    counts = counter.get_flop_counts()["Global"]
    linear = sum(counts.get(product, 0) for product in (torch.ops.aten.mm, torch.ops.aten.addmm))
    assert linear % TOKENS == 0
    return int(linear // TOKENS)


@pytest.mark.parametrize("name", DENSE)
def test_dense_models(name: str, tmp_path: Path) -> None:
    model, cost = saved(name, tmp_path)
    assert cost is not None
    assert cost.unit == "token"
    assert cost.flops == flops_of_linear_layers(model)
    assert cost.active_parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("tied", [True, False])
def test_the_projection_onto_the_vocabulary_counts_tied_or_not(tied: bool, tmp_path: Path) -> None:
    model, cost = saved("LlamaForCausalLM", tmp_path, tie_word_embeddings=tied)
    assert cost is not None
    assert cost.flops == flops_of_linear_layers(model)


@pytest.mark.parametrize("chosen", [1, 3])
@pytest.mark.parametrize("name", SPARSE)
def test_a_token_goes_through_the_experts_that_are_chosen(
    name: str, chosen: int, tmp_path: Path
) -> None:
    model, cost = saved(name, tmp_path, num_experts_per_tok=chosen)
    assert cost is not None
    assert cost.flops == flops_of_linear_layers(model)
    experts = sum(p.numel() for n, p in model.named_parameters() if ".experts." in n)
    everything = sum(p.numel() for p in model.parameters())
    assert cost.active_parameters == everything - experts * (4 - chosen) // 4


@pytest.mark.parametrize("name", UNKNOWN)
def test_others_are_not_guessed(name: str, tmp_path: Path) -> None:
    assert saved(name, tmp_path)[1] is None


EXPERT = "model.layers.0.mlp.experts"
EXPERTS = {f"{EXPERT}.{number}.up_proj.weight": ("F32", [8, 16]) for number in range(4)}


def workload_of(tensors: Mapping[str, tuple[str, list[int]]], **config: object) -> Workload | None:
    verdict = verdict_on(checkpoint(tensors, config={"model_type": "olmoe", **config}))
    assert verdict.accepted
    return verdict.workload


def test_more_experts_than_there_are_can_t_be_chosen() -> None:
    cost = workload_of(EXPERTS, num_experts_per_tok=5)
    assert cost is not None
    assert cost.active_parameters == 4 * 8 * 16


@pytest.mark.parametrize("chosen", [0, -1, True, 0.5, "2", None], ids=repr)
def test_a_number_of_experts_that_is_none_is_not_believed(chosen: object) -> None:
    assert workload_of(EXPERTS, num_experts_per_tok=chosen) is None


@pytest.mark.parametrize(
    ("tensors", "config"),
    [
        (EXPERTS, {"model_type": "llama", "num_experts_per_tok": 1}),
        ({"model.embed_tokens.weight": ("F32", [8, 16])}, {"num_experts_per_tok": 1}),
        ({**EXPERTS, f"{EXPERT}.up": ("F32", [4, 8, 16])}, {"num_experts_per_tok": 1}),
        ({**EXPERTS, "ids": ("I64", [4])}, {"num_experts_per_tok": 1}),
        (EXPERTS, {"num_experts_per_tok": 1, "quantization_config": {"quant_method": "gptq"}}),
    ],
    ids=["experts of a dense model", "no experts", "fused experts", "integers", "packed"],
)
def test_what_does_not_fit_the_architecture_is_not_guessed(
    tensors: Mapping[str, tuple[str, list[int]]], config: dict[str, object]
) -> None:
    assert workload_of(tensors, **config) is None
