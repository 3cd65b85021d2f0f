"""Runs checkpoints of transformers. No participant code runs."""

from pathlib import Path
from typing import Any

from evaluator.harness.errors import LoadError
from evaluator.harness.runners import LoadOptions, Model, TextSpec
from evaluator.harness.transformers_checkpoint import (
    import_transformers,
    load_config,
    load_model,
    load_tokenizer,
)

LANGUAGE_MODELLING = "language-modelling"
HEADS = {
    "classification": "AutoModelForSequenceClassification",
    "regression": "AutoModelForSequenceClassification",
    "embedding": "AutoModel",
    "generation": "AutoModelForCausalLM",
    LANGUAGE_MODELLING: "AutoModelForCausalLM",
}
"""Which of transformers' automatic classes makes the model, by task type."""

HALF_PRECISION = frozenset({"bfloat16", "float16"})
REHEARSED_LAYERS = 12
"""Layers of most models that are small enough to be loaded faster than their patterns are compiled.
Those of Mistral, Qwen and others are called as those of a Llama."""

TINY_CONFIG = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "max_position_embeddings": 32,
}


class TransformersRunner:
    """Loads `config.json`, safetensors and `tokenizer.json` by the classes of the library alone."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    def warm_up(self) -> None:
        """Import torch and transformers, load a tiny model and run it once.

        All of it in one thread and on the CPU: the process may fork afterwards. A thread, the pool
        of a parallel region or an open GPU would not survive that.
        """
        import torch

        import_transformers()
        torch.set_num_threads(1)
        model = _tiny_model(layers=1)
        with torch.inference_mode():
            model(input_ids=torch.zeros(1, 8, dtype=torch.long), use_cache=False)

    def rehearse(self) -> None:
        """See `ForkingRunner`. The library keeps a pattern for each tensor of a layer."""
        from tokenizers import Tokenizer
        from tokenizers.models import BPE

        tokenizer = import_transformers().PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer(BPE(vocab={"s": 0, "a": 1}, merges=[])),
            bos_token="s",  # noqa: S106 no password
        )
        options = LoadOptions(LANGUAGE_MODELLING, settings={}, inputs=TextSpec(1), device="cpu")
        _with_head(_tiny_model(REHEARSED_LAYERS), tokenizer, options).predict(["a"])

    def load(self, folder: Path, options: LoadOptions) -> Model:
        """Raises `TensorsMismatch`, and `LoadError` for whatever else is in the way."""
        import torch

        torch.set_num_threads(self._threads)
        config = load_config(folder)
        model = load_model(
            folder,
            config,
            _auto_class(options.task_type, config),
            device=options.device,
            dtype=_dtype(config, options),
        )
        return _with_head(model, load_tokenizer(folder), options)


def _tiny_model(layers: int) -> Any:
    """A random Llama, loaded as a checkpoint is, yet from memory: no file can be written."""
    transformers = import_transformers()
    config = transformers.LlamaConfig(**TINY_CONFIG, num_hidden_layers=layers)
    made = transformers.LlamaForCausalLM(config)
    # The library's first loading fills its tables of how checkpoints are read.
    return transformers.LlamaForCausalLM.from_pretrained(
        None, config=config, state_dict=made.state_dict()
    ).eval()


def _auto_class(task_type: str, config: Any) -> str:
    name = HEADS.get(task_type)
    if name is None:
        raise LoadError(f"A transformers model can't be run for the task {task_type}.")
    if task_type == "generation" and config.is_encoder_decoder:
        return "AutoModelForSeq2SeqLM"
    return name


def _dtype(config: Any, options: LoadOptions) -> str:
    """float32, but bfloat16 on a GPU for a model that is stored in half precision.

    Language models are always scored in float32, in which causality can be told to 1e-5.
    """
    stored = str(getattr(config, "dtype", None)).removeprefix("torch.")
    half = stored in HALF_PRECISION and options.device.startswith("cuda")
    return "bfloat16" if half and options.task_type != LANGUAGE_MODELLING else "float32"


def _with_head(model: Any, tokenizer: Any, options: LoadOptions) -> Model:
    from evaluator.harness import transformers_heads as heads
    from evaluator.harness.transformers_language_model import LanguageModel

    match options.task_type:
        case "classification":
            return heads.Probabilities(model, tokenizer)
        case "embedding":
            return heads.Embeddings(model, tokenizer)
        case "generation":
            return heads.Texts(model, tokenizer, max_bytes=int(options.settings["max_bytes"]))
        case "language-modelling":
            return LanguageModel(model, tokenizer)
        case _:
            return heads.Logits(model, tokenizer)
