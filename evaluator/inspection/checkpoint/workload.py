"""What a token costs in an architecture that is known: active parameters, and FLOPs.

Computed from the shapes of tensors. The configuration tells two things: how many experts a token
goes through, and the loader routes by that same number; and the name of the class, which tells
whether a tied embedding is projected onto. Who names another class hides that product from this
figure, and from nothing else: it is shown, and never held against a budget.

A forward pass takes two operations, a multiplication and an addition, for each weight of a matrix
that a token is multiplied with (Kaplan et al., Scaling Laws for Neural Language Models, 2020,
section 2.1). Counted are the linear layers, the router and the chosen experts, and the projection
onto the vocabulary, tied or not. Looking an embedding up costs nothing. Left out is attention
between tokens, 2 n_layer n_ctx d_attn in that source, because it depends on the length of the text,
and what is done once for each element: norms, activations, biases. A head that is applied once
for a whole text counts as if for each token.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from evaluator.inspection.checkpoint.config import ModelConfig
from evaluator.inspection.checkpoint.weights import Weights
from evaluator.inspection.elements import Family
from evaluator.inspection.files.safetensors_header import StoredTensor
from evaluator.inspection.verdict import Workload

DENSE = frozenset(
    {
        *("bert", "bloom", "cohere", "distilbert", "falcon", "gemma2", "gemma3_text", "gpt2"),
        *("gpt_neox", "gptj", "granite", "llama", "mistral", "olmo2", "opt", "phi", "phi3"),
        *("qwen2", "qwen3", "roberta", "smollm3", "starcoder2", "xlm-roberta"),
    }
)
"""The types of models in which a token goes through every weight."""

SPARSE = frozenset({"mixtral", "olmoe", "qwen2_moe", "qwen3_moe"})
"""Those in which it goes through some of the experts of each layer."""

_EXPERT = re.compile(r"(?P<layer>.*\.experts)\.(?P<number>[0-9]+)\..*")

_TOKEN_LOOKUPS = frozenset({"embed_in", "embed_tokens", "word_embeddings", "wte"})
_LOOKUPS = _TOKEN_LOOKUPS | {
    *("embed_positions", "position_embeddings", "token_type_embeddings", "wpe"),
}
_PREDICTING = ("ForCausalLM", "LMHeadModel", "ForMaskedLM")
"""How architectures are called that give a score to each word at each token."""

_PROJECTIONS = frozenset({"decoder", "embed_out", "lm_head", "vocab_projector"})
"""The layers that do; where none is stored it is tied to the embedding of tokens."""


def checkpoint_workload(weights: Weights, config: ModelConfig) -> Workload | None:
    """What a token costs, or None where the architecture is not known or weights are packed."""
    if config.model_type not in DENSE | SPARSE or config.quantization:
        return None
    tensors = weights.tensors.values()
    # Every weight of these architectures is a vector or a matrix of floats.
    if any(t.element.family is not Family.FLOAT or len(t.shape) > 2 for t in tensors):
        return None
    idle = _idle_parameters(tensors, config)
    if idle is None:
        return None
    matrices = sum(t.elements for t in tensors if _is_multiplied(t))
    active = matrices + _tied_projection(tensors, config) - idle
    return Workload(
        unit="token",
        active_parameters=sum(t.elements for t in tensors) - idle,
        flops=2 * active,
    )


def _is_multiplied(tensor: StoredTensor) -> bool:
    return len(tensor.shape) == 2 and _module(tensor) not in _LOOKUPS


def _tied_projection(tensors: Iterable[StoredTensor], config: ModelConfig) -> int:
    """The parameters of an embedding that also projects onto the vocabulary."""
    if not config.architectures[0].endswith(_PREDICTING):
        return 0
    if any(_module(tensor) in _PROJECTIONS and len(tensor.shape) == 2 for tensor in tensors):
        return 0
    return sum(tensor.elements for tensor in tensors if _module(tensor) in _TOKEN_LOOKUPS)


def _idle_parameters(tensors: Iterable[StoredTensor], config: ModelConfig) -> int | None:
    """The parameters of experts that a token does not go through; None where that can't be told."""
    sizes: dict[str, int] = defaultdict(int)
    experts: dict[str, set[str]] = defaultdict(set)
    for tensor in tensors:
        found = _EXPERT.fullmatch(tensor.name)
        if found is not None:
            sizes[found["layer"]] += tensor.elements
            experts[found["layer"]].add(found["number"])
    if bool(sizes) != (config.model_type in SPARSE):
        return None
    if not sizes:
        return 0
    chosen = config.fields.get("num_experts_per_tok")
    if type(chosen) is not int or chosen < 1:
        return None
    return sum(
        size - size * min(chosen, len(experts[layer])) // len(experts[layer])
        for layer, size in sizes.items()
    )


def _module(tensor: StoredTensor) -> str:
    """The module that a tensor belongs to: `wte` of `transformer.wte.weight`."""
    return tensor.name.rpartition(".")[0].rpartition(".")[2]
