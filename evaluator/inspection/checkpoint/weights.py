"""Finds the tensors of a checkpoint: in one file, or in the shards that an index lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from evaluator.inspection import limits
from evaluator.inspection.artifact import ArtifactFile
from evaluator.inspection.files.contents import refused_as_what_it_is
from evaluator.inspection.files.safetensors_header import (
    SafetensorsHeader,
    StoredTensor,
    read_header,
)
from evaluator.inspection.files.strict_json import read_json_object
from evaluator.inspection.reading import ExactReader
from evaluator.inspection.refusals import RefusalCode, Refused, shown

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Weights:
    """All tensors of a checkpoint by name.

    `paths` has the file of each tensor. `metadata` is what all files that have a key agree on, and
    `side_bytes` are the bytes of headers and index.
    """

    tensors: Mapping[str, StoredTensor]
    paths: Mapping[str, str]
    metadata: Mapping[str, str]
    side_bytes: int


def read_weights(files: Mapping[str, ArtifactFile], *, metadata_per_tensor: int) -> Weights:
    """The tensors of a checkpoint. Raises `Refused`.

    Every file of weights must be one that is loaded, since what is not loaded is not counted as
    part of the model and could still carry data.
    """
    present = sorted(path for path in files if path.endswith(SUFFIX))
    index: Mapping[str, str] | None = None
    side_bytes = 0
    loaded = [WEIGHTS]
    if INDEX in files:
        index = _read_index(files[INDEX])
        side_bytes = files[INDEX].size
        loaded = sorted(set(index.values()))
    _check_present(present, loaded)
    tensors: dict[str, StoredTensor] = {}
    paths: dict[str, str] = {}
    metadata: dict[str, str] = {}
    disputed: set[str] = set()
    for path in loaded:
        header = _read_shard(files[path], metadata_per_tensor)
        if index is not None:
            _check_shard(path, header.tensors, index)
        tensors |= {tensor.name: tensor for tensor in header.tensors}
        paths |= dict.fromkeys((tensor.name for tensor in header.tensors), path)
        disputed |= {
            key for key, value in header.metadata.items() if metadata.get(key, value) != value
        }
        metadata |= header.metadata
        side_bytes += header.size
    if index is not None:
        _check_all_found(index, tensors)
    agreed = {key: value for key, value in metadata.items() if key not in disputed}
    return Weights(tensors, paths, agreed, side_bytes)


def _check_present(present: list[str], loaded: list[str]) -> None:
    for path in loaded:
        if path not in present:
            what = f"The file {shown(path)} is not there."
            raise Refused(RefusalCode.TRANSFORMERS_WEIGHTS, path, what)
    for path in present:
        if path not in loaded:
            what = f"{shown(path)} is not loaded."
            raise Refused(RefusalCode.TRANSFORMERS_WEIGHTS, path, what)


def _read_shard(file: ArtifactFile, metadata_per_tensor: int) -> SafetensorsHeader:
    with file.open() as stream:
        reader = ExactReader(file, stream)
        with refused_as_what_it_is(reader):
            return read_header(reader, metadata_per_tensor=metadata_per_tensor)


def _read_index(file: ArtifactFile) -> Mapping[str, str]:
    """The shard of each tensor, as the index has it."""
    with file.open() as stream:
        reader = ExactReader(file, stream)
        with refused_as_what_it_is(reader):
            index = read_json_object(reader, limits.MAX_INDEX_BYTES)
    if not index.keys() <= {"metadata", "weight_map"}:
        raise _mismatch("has more than metadata and weight_map")
    shards = index.get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise _mismatch("has no weight_map")
    if len(shards) > limits.SAFETENSORS_MAX_TENSORS:
        raise _mismatch(f"names {len(shards)} tensors")
    for shard in shards.values():
        if not isinstance(shard, str) or "/" in shard or not shard.endswith(SUFFIX):
            raise _mismatch(f"names the shard “{shown(str(shard))}”, which is no plain file name")
        if shard == WEIGHTS:
            raise _mismatch(f"names {WEIGHTS}, which is loaded without an index")
    return shards


def _check_shard(path: str, tensors: tuple[StoredTensor, ...], index: Mapping[str, str]) -> None:
    for tensor in tensors:
        listed = index.get(tensor.name)
        if listed != path:
            where = "nowhere" if listed is None else f"in {shown(listed)}"
            what = f"has “{shown(tensor.name)}” {where}; it lies in {shown(path)}"
            raise _mismatch(what)


def _check_all_found(index: Mapping[str, str], tensors: Mapping[str, StoredTensor]) -> None:
    for name, path in index.items():
        if name not in tensors:
            raise _mismatch(f"has “{shown(name)}” in {shown(path)}, where it is not")


def _mismatch(what: str) -> Refused:
    return Refused(RefusalCode.TRANSFORMERS_INDEX, INDEX, f"{INDEX} {what}.")
