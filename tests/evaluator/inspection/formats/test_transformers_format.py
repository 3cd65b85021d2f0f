"""The format `transformers`: what a checkpoint may hold, and what is refused in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tokenizers import Tokenizer, models

from evaluator.inspection import Counts, folder_files, inspect_artifact, limits
from tests.evaluator.inspection.artifacts import CountedFile, MemoryFile, codes, safetensors_bytes
from tests.evaluator.inspection.checkpoints import (
    CONFIG,
    checkpoint,
    verdict_on,
    weights_bytes,
)

INDEX = "model.safetensors.index.json"
TOKENIZER = {"tokenizer.json": b'{"model": {}}'}


def counts_of(files: Mapping[str, bytes]) -> Counts:
    verdict = verdict_on(files)
    assert verdict.counts is not None, verdict.refusals
    return verdict.counts


def sharded(index: object = None, **shards: bytes) -> dict[str, bytes]:
    """Two shards with a tensor each, and an index that lists both unless another is given."""
    first, second = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"
    listed = {"metadata": {"total_size": 48}, "weight_map": {"a": first, "b": second}}
    files = checkpoint()
    del files["model.safetensors"]
    return {
        **files,
        first: weights_bytes({"a": ("F32", [4])}),
        second: weights_bytes({"b": ("F32", [8])}),
        INDEX: json.dumps(listed if index is None else index).encode(),
        **shards,
    }


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 2 MB in shards of 1 MB, with a tokenizer, as transformers saves them."""
    folder = tmp_path_factory.mktemp("saved")
    config = transformers.LlamaConfig(
        vocab_size=512,
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=True,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="1MB")
    words = {f"w{number}": number for number in range(512)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))
    fast: Any = transformers.PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, unk_token="w0").save_pretrained(folder)
    return folder


def test_a_sharded_model_with_its_tokenizer_is_honest(saved: Path) -> None:
    files = folder_files(saved)
    assert {"tokenizer.json", "tokenizer_config.json", INDEX} < {file.path for file in files}
    verdict = inspect_artifact(files, format="transformers")
    assert verdict.counts is not None, verdict.refusals
    attention, mlp, norms = 4 * 128 * 128, 3 * 128 * 256, 2 * 128
    tied_embedding = 512 * 128
    assert verdict.counts.parameters == tied_embedding + 2 * (attention + mlp + norms) + 128
    assert verdict.counts.tensor_bits == 32 * verdict.counts.parameters
    names = sum(len(file.path) for file in files if file.path != "config.json")
    assert verdict.counts.artifact_bytes == sum(file.size for file in files) + names


def test_only_headers_of_shards_are_read(tmp_path: Path) -> None:
    """Ten gigabytes in two sparse shards."""
    half = 5 * 1024**3
    header = {"dtype": "F32", "shape": [half // 4], "data_offsets": [0, half]}
    files: list[MemoryFile | CountedFile] = [
        MemoryFile(path, content)
        for path, content in sharded().items()
        if not path.endswith(".safetensors")
    ]
    for number, name in enumerate("ab", start=1):
        place = tmp_path / f"model-0000{number}-of-00002.safetensors"
        content = safetensors_bytes({name: header})
        with place.open("wb") as stream:
            stream.write(content)
            stream.truncate(len(content) + half)
        files.append(CountedFile(place.name, place))
    verdict = inspect_artifact(files, format="transformers")
    assert verdict.counts is not None, verdict.refusals
    assert verdict.counts.parameters == 2 * half // 4
    for file in files[-2:]:
        assert sum(file.reads) == len(safetensors_bytes({"a": header}))


def test_batch_norm_with_its_counters_is_honest(tmp_path: Path) -> None:
    place = tmp_path / "model.safetensors"
    save_file(torch.nn.BatchNorm1d(8).state_dict(), place, {"format": "pt"})
    files = checkpoint(files={"model.safetensors": place.read_bytes()})
    assert counts_of(files).parameters == 4 * 8 + 1


@pytest.mark.parametrize("ids", ["position_ids", "embeddings.token_type_ids"])
def test_integer_buffers_count_their_bits(ids: str) -> None:
    """Old checkpoints keep position ids; as 64-bit integers they could hold 16 weights each."""
    assert counts_of(checkpoint({ids: ("I64", [1, 32])})).parameters == 32 * 16


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"modeling.py": b"import os"}, "transformers_code"),
        ({"code/modeling.py": b"import os"}, "transformers_code"),
        ({"pytorch_model.bin": b""}, "pickle"),
        ({"model.pt": b""}, "pickle"),
        ({"training_args.bin": b"\x80\x02N."}, "pickle"),
        ({"model.safetensors": b"\x80\x04\x95\x02\0\0\0\0\0\0\0N."}, "pickle"),
        ({"config.json": b"\x80\x04N."}, "pickle"),
        ({INDEX: b"\x80\x04N."}, "pickle"),
        ({**TOKENIZER, "vocab.json": b"\x80\x04N."}, "pickle"),
        ({"README.md": b"\x7fELF\x02\xff"}, "native_code"),
        ({"model.safetensors": b"PK\x03\x04\x14\0"}, "nested_archive"),
        ({"chat_template.jinja": b"{{ 1 }}"}, "transformers_template"),
        ({"chat_template.json": b"{}"}, "transformers_template"),
        ({"additional_chat_templates/a.jinja": b""}, "transformers_template"),
        (
            {"tokenizer_config.json": b'{"chat_template": "{{ 1 }}"}', **TOKENIZER},
            "transformers_template",
        ),
        ({"tokenizer.model": b"\n\x0e"}, "transformers_tokenizer"),
        ({"source.spm": b"\n\x0e"}, "transformers_tokenizer"),
        ({"vocab.txt": b"a\nb\n"}, "transformers_tokenizer"),
        ({"tokenizer_config.json": b"{}"}, "transformers_tokenizer"),
        ({"adapter_config.json": b"{}"}, "unknown_file_kind"),
        ({"sub/config.json": b"{}"}, "unknown_file_kind"),
        ({"weights.npy": b""}, "unknown_file_kind"),
        ({"adapter_model.safetensors": b""}, "transformers_weights"),
        ({"generation_config.json": b"{} //"}, "json_malformed"),
        ({"generation_config.json": b"[]"}, "json_malformed"),
        ({"generation_config.json": b'{"a": Infinity}'}, "json_malformed"),
        ({"generation_config.json": b'{"a": 1, "a": 2}'}, "json_duplicate_key"),
        ({"generation_config.json": b'{"a":' * 33 + b"1" + b"}" * 33}, "json_too_complex"),
        ({"generation_config.json": b" " * (limits.MAX_CONFIG_BYTES + 1)}, "text_too_large"),
        ({"tokenizer.json": b"[" + b"0," * limits.JSON_MAX_VALUES + b"0]"}, "json_too_complex"),
        ({"README.md": b"caf\xe9"}, "text_malformed"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_other_files_are_refused(files: dict[str, bytes], code: str) -> None:
    assert codes(verdict_on(checkpoint(files=files))) == [code]


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"auto_map": {"AutoModel": "modeling.Model"}}, "transformers_code"),
        ({"text_config": {"auto_map": {"AutoConfig": "a.B"}}}, "transformers_code"),
        ({"deep": [[{"trust_remote_code": True}]]}, "transformers_code"),
        ({"custom_pipelines": {"x": {"impl": "a.B"}}}, "transformers_code"),
        ({"transformers_weights": "other.safetensors"}, "transformers_weights"),
        ({"quantization_config": {"quant_method": "bitnet"}}, "transformers_quantization"),
        ({"quantization_config": {"bits": 2}}, "transformers_quantization"),
        ({"quantization_config": ["gptq"]}, "transformers_quantization"),
        (
            {"text_config": {"quantization_config": {"quant_method": "gptq"}}},
            "transformers_quantization",
        ),
        ({"model_type": None}, "transformers_config_malformed"),
        ({"model_type": "../llama"}, "transformers_config_malformed"),
        ({"architectures": []}, "transformers_config_malformed"),
        ({"architectures": "LlamaForCausalLM"}, "transformers_config_malformed"),
        ({"architectures": [1]}, "transformers_config_malformed"),
    ],
    ids=str,
)
def test_configurations_that_are_refused(config: dict[str, object], code: str) -> None:
    assert codes(verdict_on(checkpoint(config=config))) == [code]


def test_code_in_the_configuration_of_a_tokenizer_is_refused() -> None:
    content = json.dumps({"auto_map": {"AutoTokenizer": ["tok.Slow", None]}}).encode()
    files = checkpoint(files={**TOKENIZER, "tokenizer_config.json": content})
    assert codes(verdict_on(files)) == ["transformers_code"]


def test_a_word_of_a_vocabulary_is_no_key_of_a_configuration() -> None:
    vocabulary = b'{"model": {"vocab": {"auto_map": 1, "chat_template": 2}}}'
    assert verdict_on(checkpoint(files={"tokenizer.json": vocabulary})).accepted


def test_empty_values_name_no_code() -> None:
    assert verdict_on(checkpoint(config={"auto_map": None, "trust_remote_code": False})).accepted


def test_every_bad_file_is_named_at_once() -> None:
    verdict = verdict_on(checkpoint(files={"a.py": b"", "b.bin": b"", "config.json": b"{"}))
    assert codes(verdict) == ["transformers_code", "pickle", "json_malformed"]


def test_weights_must_be_there() -> None:
    files = checkpoint()
    del files["model.safetensors"]
    assert codes(verdict_on(files)) == ["transformers_weights"]


def test_shards_count_as_one_model() -> None:
    counts = counts_of(sharded())
    assert counts.parameters == 12
    files = sharded()
    names = sum(len(path) for path in files if path != "config.json")
    assert counts.artifact_bytes == sum(map(len, files.values())) + names


FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (sharded({"weight_map": {}}), "transformers_index"),
        (sharded({"weight_map": ["a"]}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "b": SECOND}, "more": 1}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "b": 1}}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "b": "../b.safetensors"}}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "b": "b.bin"}}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST}}), "transformers_weights"),
        (sharded({"weight_map": {"a": FIRST, "b": "c.safetensors"}}), "transformers_weights"),
        (sharded({"weight_map": {"a": FIRST, "b": FIRST}}), "transformers_weights"),
        (sharded({"weight_map": {"a": SECOND, "b": FIRST}}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "c": SECOND}}), "transformers_index"),
        (sharded({"weight_map": {"a": FIRST, "b": SECOND, "c": SECOND}}), "transformers_index"),
        (
            sharded({"weight_map": dict.fromkeys(map(str, range(20_000)), FIRST)}),
            "transformers_index",
        ),
        (sharded(**{SECOND: weights_bytes({"a": ("F32", [4])})}), "transformers_index"),
        (sharded(**{"model.safetensors": weights_bytes({})}), "transformers_weights"),
        (
            sharded({"weight_map": {"a": FIRST, "b": SECOND, "c": "model.safetensors"}}),
            "transformers_index",
        ),
    ],
    ids=[
        "empty", "list", "extra key", "number", "climbs", "not safetensors", "unlisted shard",
        "missing shard", "one shard for both", "swapped", "other name", "absent tensor",
        "too many", "one tensor twice", "single file beside", "single file listed",
    ],
)  # fmt: skip
def test_an_index_must_fit_its_shards(files: dict[str, bytes], code: str) -> None:
    assert codes(verdict_on(files)) == [code]


KEYS = (
    *("auto_map", "quantization_config", "quant_method", "config_groups", "bits", "load_in_8bit"),
    *("weight_map", "metadata", "num_experts_per_tok", "num_experts"),
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*CONFIG, *KEYS]),
            inner | st.sampled_from(["gptq", "awq", "torchao", "compressed-tensors", FIRST]),
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.sampled_from(["config.json", INDEX, "tokenizer_config.json"]), JSON_VALUES)
def test_any_json_has_a_verdict(path: str, value: object) -> None:
    verdict = verdict_on(sharded(**{**TOKENIZER, path: json.dumps(value).encode()}))
    assert verdict.accepted is (verdict.counts is not None)


@settings(deadline=None)
@given(JSON_VALUES)
def test_any_configuration_of_quantisation_has_a_verdict(value: object) -> None:
    packed = {"l.qweight": ("I32", [4, 8]), "l.weight_packed": ("I32", [8, 4])}
    files = checkpoint(packed, config={"quantization_config": value})
    verdict = verdict_on(files)
    assert verdict.accepted is (verdict.counts is not None)


@settings(deadline=None)
@given(
    st.sampled_from(["config.json", INDEX]),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=3
    ),
)
def test_damaged_text_has_a_verdict(path: str, edits: list[tuple[float, int, bytes]]) -> None:
    files = sharded()
    content = files[path]
    for place, removed, inserted in edits:
        position = int(place * len(content))
        content = content[:position] + inserted + content[position + removed :]
    verdict = verdict_on({**files, path: content})
    assert verdict.accepted is (verdict.counts is not None)
