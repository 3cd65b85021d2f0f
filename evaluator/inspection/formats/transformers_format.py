"""The format `transformers`: config.json, weights in safetensors, and a fast tokenizer.

What `save_pretrained` writes, loaded with `trust_remote_code=False`. No participant code runs, so
whatever could carry code is refused, and every file must be one that is known.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from evaluator.inspection import limits
from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.checkpoint.config import ModelConfig, read_config, read_model_config
from evaluator.inspection.checkpoint.packed import packed_widths
from evaluator.inspection.checkpoint.weights import INDEX, SUFFIX, Weights, read_weights
from evaluator.inspection.checkpoint.workload import checkpoint_workload
from evaluator.inspection.elements import packed_parameters, parameters_of
from evaluator.inspection.files.contents import refuse_by_name, refused_as_what_it_is
from evaluator.inspection.files.safetensors_header import StoredTensor, add_stored_tensor
from evaluator.inspection.files.strict_json import read_json_object
from evaluator.inspection.files.text_files import read_text
from evaluator.inspection.formats.format import Format
from evaluator.inspection.ledger import Ledger
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, refusal, shown

_CONFIG = "config.json"
_TOKENIZER = "tokenizer.json"
_CONFIGS = frozenset(
    {
        "generation_config.json",
        "preprocessor_config.json",
        "processor_config.json",
        "tokenizer_config.json",
    }
)
_VOCABULARIES = frozenset(
    {_TOKENIZER, "added_tokens.json", "special_tokens_map.json", "vocab.json"}
)
_TEXT_SUFFIXES = (".md", ".txt")
_OF_TOKENIZERS = _VOCABULARIES | {"merges.txt", "tokenizer_config.json", "vocab.txt"}

_UNWANTED = {
    RefusalCode.TRANSFORMERS_CODE: (".py", ".ipynb"),
    RefusalCode.TRANSFORMERS_TEMPLATE: (".jinja", "chat_template.json"),
    RefusalCode.TRANSFORMERS_TOKENIZER: (".model", ".spm", ".tiktoken", "tekken.json"),
}
_UNWANTED_WHAT = {
    RefusalCode.TRANSFORMERS_CODE: "source code",
    RefusalCode.TRANSFORMERS_TEMPLATE: "a chat template",
    RefusalCode.TRANSFORMERS_TOKENIZER: "a tokenizer of another kind",
}


def _inspect(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
    for path, file in sorted(files.items()):
        if path not in {_CONFIG, INDEX} and not path.endswith(SUFFIX):
            with ledger.collecting():
                _inspect_beside(file, ledger)
    slow = sorted(_OF_TOKENIZERS & files.keys())
    if slow and _TOKENIZER not in files:
        what = f"There is {slow[0]}, but no {_TOKENIZER}."
        ledger.refuse(refusal(RefusalCode.TRANSFORMERS_TOKENIZER, slow[0], what))
    with ledger.collecting():
        _inspect_model(files, ledger)


def _inspect_model(files: Mapping[str, ArtifactFile], ledger: Ledger) -> None:
    with files[_CONFIG].open() as stream:
        reader = ExactReader(files[_CONFIG], stream)
        with refused_as_what_it_is(reader):
            config = read_model_config(reader)
    per_tensor = 0
    if config.quantization_method == "torchao":
        per_tensor = limits.SAFETENSORS_TORCHAO_METADATA_PER_TENSOR
    weights = read_weights(files, metadata_per_tensor=per_tensor)
    ledger.add_side_bytes(files[_CONFIG].size + weights.side_bytes)
    _count(weights, config, ledger)
    ledger.workload = checkpoint_workload(weights, config)


def _count(weights: Weights, config: ModelConfig, ledger: Ledger) -> None:
    widths = packed_widths(weights, config)
    for name, tensor in weights.tensors.items():
        add_stored_tensor(
            tensor, weights.paths[name], _parameters(tensor, widths.get(name)), ledger
        )


def _parameters(tensor: StoredTensor, width: int | None) -> int:
    if width is None:
        return parameters_of(tensor.element, tensor.elements)
    return packed_parameters(tensor.element, tensor.elements, width)


def _inspect_beside(file: ArtifactFile, ledger: Ledger) -> None:
    """Checks a file beside the model, and counts its bytes. Raises `Refused`."""
    with file.open() as stream:
        reader = ExactReader(file, stream)
        with refused_as_what_it_is(reader):
            _read_beside(reader)
    ledger.add_side_bytes(file.size)


def _read_beside(reader: ExactReader) -> None:
    path = reader.path
    if path in _CONFIGS:
        read_config(reader)
    elif path in _VOCABULARIES:
        read_json_object(reader, limits.MAX_TEXT_BYTES)
    elif PurePosixPath(path).suffix in _TEXT_SUFFIXES:
        read_text(reader)
    else:
        raise _unwanted(path)


def _unwanted(path: str) -> Refused:
    for code, endings in _UNWANTED.items():
        if path.lower().endswith(endings):
            return Refused(code, path, f"{shown(path)} is {_UNWANTED_WHAT[code]}.")
    refuse_by_name(path)
    known = sorted({_CONFIG, INDEX, "model.safetensors", *_CONFIGS, *_VOCABULARIES})
    what = (
        f"{shown(path)} is none of the files of a checkpoint: {', '.join(known)}, "
        f"and text ({', '.join(_TEXT_SUFFIXES)})."
    )
    return Refused(RefusalCode.UNKNOWN_FILE_KIND, path, what)


TRANSFORMERS = Format(
    name="transformers", entries=(_CONFIG,), runs_participant_code=False, inspect=_inspect
)
