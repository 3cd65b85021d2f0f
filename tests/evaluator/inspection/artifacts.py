"""Artifacts in memory, as tests make them: files that note what is read of them."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import onnx

from evaluator.inspection import Verdict, inspect_artifact

MODEL_SOURCE = b"def load(folder, device):\n    return None\n"


class CountingStream(io.BytesIO):
    """A stream that adds up the bytes that are read from it."""

    def __init__(self, content: bytes, reads: list[int]) -> None:
        super().__init__(content)
        self._reads = reads

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self._reads.append(len(piece))
        return piece


@dataclass(frozen=True)
class MemoryFile:
    """An artifact file whose content is given. `size` may lie, as a broken store's would."""

    path: str
    content: bytes
    declared: int | None = None
    reads: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.content) if self.declared is None else self.declared

    def open(self) -> BinaryIO:
        return CountingStream(self.content, self.reads)


class CountingFileIO(io.FileIO):
    """A local file, unbuffered, that notes how much is read of it."""

    def __init__(self, location: Path, reads: list[int]) -> None:
        super().__init__(location)
        self._reads = reads

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(-1 if size is None else size) or b""
        self._reads.append(len(piece))
        return piece


@dataclass(frozen=True)
class CountedFile:
    """A local file as an artifact file that notes what is read of it."""

    path: str
    location: Path
    reads: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.location.stat().st_size

    def open(self) -> BinaryIO:
        return cast("BinaryIO", CountingFileIO(self.location, self.reads))


def memory_files(files: Mapping[str, bytes]) -> list[MemoryFile]:
    return [MemoryFile(path, content) for path, content in files.items()]


def python_verdict(files: Mapping[str, bytes]) -> Verdict:
    """The verdict on `files` beside a model.py of format `python`."""
    return inspect_artifact(memory_files({"model.py": MODEL_SOURCE, **files}), format="python")


def onnx_verdict(
    model: onnx.ModelProto | bytes, files: Mapping[str, bytes] | None = None
) -> Verdict:
    """The verdict on a model of format `onnx`, with other files beside it."""
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return inspect_artifact(memory_files({"model.onnx": content, **(files or {})}), format="onnx")


def codes(verdict: Verdict) -> list[str]:
    return [refusal.code for refusal in verdict.refusals]


def safetensors_bytes(
    header: Mapping[str, object] | bytes, data: bytes = b"", length: int | None = None
) -> bytes:
    """A safetensors file from its header, which is written as it is when given as bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def onnx_model(
    initializers: list[onnx.TensorProto] | None = None,
    nodes: list[onnx.NodeProto] | None = None,
    **fields: Any,
) -> onnx.ModelProto:
    """A model with the given parts; it need not be runnable."""
    graph = onnx.helper.make_graph(nodes or [], "graph", [], [], initializer=initializers or [])
    return onnx.helper.make_model(graph, **fields)
