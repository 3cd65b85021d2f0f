"""Language models of transformers: what a document costs, and the cheats that are found."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from evaluator.harness.errors import LoadError, ModelError, NotCausal, TokenizerLossy
from evaluator.harness.language_modelling import DOCUMENT
from evaluator.harness.runners import LoadOptions, Model
from evaluator.harness.transformers_runner import TransformersRunner
from tests.evaluator.harness.transformers_models import byte_level, save_model, save_tokenizer

TEXTS = ["a", "def f(x):\n    return x\n", "später 日本 </s> <s>", "long " * 60]
OPTIONS = LoadOptions(task_type="language-modelling", settings={}, inputs=DOCUMENT, device="cpu")


def load(folder: Path) -> Model:
    return TransformersRunner(threads=1).load(folder, OPTIONS)


def nats(model: Model, texts: list[str]) -> np.ndarray:
    found = model.predict(texts)["nats"]
    assert isinstance(found, np.ndarray)
    return found


@pytest.fixture(scope="module")
def uniform(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that expects every token alike."""
    folder = tmp_path_factory.mktemp("uniform")
    saved = save_model(folder)
    torch.nn.init.zeros_(saved.lm_head.weight)
    saved.save_pretrained(folder)
    return load(folder)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=90), max_size=5))
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_token_is_scored_once(uniform: Model, texts: list[str]) -> None:
    lengths = [len(text.encode()) for text in texts]

    np.testing.assert_allclose(nats(uniform, texts), np.log(258) * np.array(lengths), rtol=1e-5)


def test_the_cost_is_the_models_own(tmp_path: Path) -> None:
    saved = save_model(tmp_path)
    found = nats(load(tmp_path), TEXTS)

    tokens = torch.tensor([[0, *byte_level().encode(TEXTS[1]).ids]])
    with torch.inference_mode():
        logits = saved(input_ids=tokens[:, :-1]).logits
    expected = torch.nn.functional.cross_entropy(logits[0], tokens[0, 1:], reduction="sum")
    assert found[1] == pytest.approx(expected.item(), rel=1e-5)


def test_windows_carry_half_of_the_context_along(tmp_path: Path) -> None:
    """A document of 100 tokens in a context of 64: the last 36 after at least 32 of their own."""
    saved = save_model(tmp_path)
    text = "window by window " * 6
    ids = [0, *byte_level().encode(text).ids]
    with torch.inference_mode():
        first = saved(input_ids=torch.tensor([ids[:64]])).logits[0].log_softmax(-1)
        second = saved(input_ids=torch.tensor([ids[32:96]])).logits[0].log_softmax(-1)
        third = saved(input_ids=torch.tensor([ids[64:]])).logits[0].log_softmax(-1)
    told = [first[place, ids[place + 1]] for place in range(64)]
    told += [second[place - 32, ids[place + 1]] for place in range(64, 96)]
    told += [third[place - 64, ids[place + 1]] for place in range(96, len(ids) - 1)]

    assert nats(load(tmp_path), [text])[0] == pytest.approx(-sum(told).item(), rel=1e-5)


def test_names_of_special_tokens_are_text(uniform: Model) -> None:
    """`</s>` in a document is four bytes, not one token."""
    assert nats(uniform, ["</s>"])[0] == pytest.approx(4 * np.log(258))


@pytest.mark.parametrize(
    ("class_name", "config"),
    [
        ("GPT2LMHeadModel", {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}),
        ("MistralForCausalLM", {"num_key_value_heads": 1, "sliding_window": 16}),
        (
            "MixtralForCausalLM",
            {"num_key_value_heads": 1, "num_local_experts": 4, "num_experts_per_tok": 2},
        ),
        ("BertLMHeadModel", {"is_decoder": True}),
        (
            "LlamaForCausalLM",
            {
                "rope_parameters": {
                    "rope_type": "dynamic",
                    "factor": 4.0,
                    "rope_theta": 1e4,
                }
            },
        ),
        ("MambaForCausalLM", {"state_size": 4}),
    ],
    ids=["GPT-2", "sliding window", "experts", "BERT as a decoder", "dynamic RoPE", "Mamba"],
)
def test_honest_architectures_pass(
    tmp_path: Path, class_name: str, config: dict[str, object]
) -> None:
    save_model(tmp_path, class_name, **config)

    assert (nats(load(tmp_path), TEXTS) > 0).all()


@pytest.mark.parametrize("length", [40, 400])
def test_a_bidirectional_model_looks_ahead(tmp_path: Path, length: int) -> None:
    save_model(tmp_path, "BertLMHeadModel", is_decoder=False, initializer_range=0.5)

    with pytest.raises(NotCausal, match="when only later text was replaced"):
        load(tmp_path).predict(["look ahead "[: length % 11] + "x" * length])


def lowercasing() -> Tokenizer:
    tokenizer = byte_level()
    tokenizer.normalizer = normalizers.Lowercase()
    return tokenizer


def dropping() -> Tokenizer:
    """Knows no byte but `a` and the space, and says nothing of the others."""
    tokenizer = Tokenizer(models.BPE(vocab={"<s>": 0, "</s>": 1, "a": 2, "Ġ": 3}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def unknowing() -> Tokenizer:
    """Says the same word for whatever it does not know."""
    tokenizer = Tokenizer(models.WordLevel({"<s>": 0, "</s>": 1, "a": 2}, unk_token="</s>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def replacing() -> Tokenizer:
    """Takes all documents that hold a word for one and the same."""
    tokenizer = byte_level()
    tokenizer.normalizer = normalizers.Replace("Text", "T")
    return tokenizer


@pytest.mark.parametrize(
    "tokenizer",
    [lowercasing(), dropping(), unknowing(), replacing()],
    ids=["lowercasing", "dropping", "unknowing", "replacing"],
)
def test_a_tokenizer_that_loses_text(tmp_path: Path, tokenizer: Tokenizer) -> None:
    save_model(tmp_path)
    save_tokenizer(tmp_path, tokenizer, bos_token="<s>", eos_token="</s>")

    with pytest.raises(TokenizerLossy, match="is not what its"):
        load(tmp_path).predict(["Some Text of bytes"])


def swelling() -> Tokenizer:
    """Loses nothing, and makes of the last letter a number of tokens that nothing predicts."""
    tokenizer = byte_level()
    tokenizer.normalizer = normalizers.Replace("e", "e" * 50)
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Fuse(), decoders.Replace("e" * 50, "e")]
    )
    return tokenizer


def test_more_tokens_than_bytes(tmp_path: Path) -> None:
    save_model(tmp_path)
    save_tokenizer(tmp_path, swelling(), bos_token="<s>", eos_token="</s>")

    with pytest.raises(TokenizerLossy, match="has 53 tokens; of its 4 bytes"):
        load(tmp_path).predict(["mode"])


def test_truncation_in_the_tokenizer_is_not_taken(tmp_path: Path) -> None:
    save_model(tmp_path)
    tokenizer = byte_level()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=3)
    save_tokenizer(tmp_path, tokenizer, bos_token="<s>", eos_token="</s>")

    assert nats(load(tmp_path), ["all of it"])[0] > np.log(2) * 9


def test_no_token_to_start_from(tmp_path: Path) -> None:
    save_model(tmp_path, bos_token_id=None)
    save_tokenizer(tmp_path, pad_token="</s>")

    with pytest.raises(LoadError, match="names neither a bos nor an eos token"):
        load(tmp_path)


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    saved = save_model(tmp_path)
    torch.nn.init.constant_(saved.lm_head.weight, float("nan"))
    saved.save_pretrained(tmp_path)

    with pytest.raises(ModelError, match="a logit was NaN or infinite"):
        load(tmp_path).predict(TEXTS)
