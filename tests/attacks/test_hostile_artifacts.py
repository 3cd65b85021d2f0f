"""Artifacts that are bombs, climb out of their folder, or lead elsewhere.

They are refused at inspection, within a second and a few megabytes; what lays a job out refuses
once more whatever is neither a file nor a folder.
"""

import io
import json
import ntpath
import os
import socket
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load as stock_load

from evaluator.inspection import Verdict, folder_files, inspect_artifact
from evaluator.inspection.refusals import Refused
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.workspace import Workspace
from tests.evaluator.inspection.artifacts import (
    MODEL_SOURCE,
    MemoryFile,
    codes,
    onnx_model,
    onnx_verdict,
    python_verdict,
    safetensors_bytes,
)

MEBIBYTE = 1024**2
DEEP = b'{"a":' * 50_000
NAIVE_MEMORY = "import resource; resource.setrlimit(resource.RLIMIT_AS, (64 << 20, 64 << 20))\n"
NAIVE_READER = (
    "import json, math, sys\n"
    + NAIVE_MEMORY
    + """
with open(sys.argv[1], "rb") as file:
    length = int.from_bytes(file.read(8), "little")
    for entry in json.loads(file.read(length)).values():
        bytearray(4 * math.prod(entry["shape"]))
"""
)
"""Believes each number of a safetensors header, with 64 MiB of memory."""

NAIVE_UNPACKER = (
    "import sys, zipfile\n"
    + NAIVE_MEMORY
    + """
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        archive.read(name)
"""
)
MANY = {
    f"{number:x}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * number, 4 * number + 4]}
    for number in range(5_000)
}


SOON_SECONDS = 20


@contextmanager
def cheaply() -> Iterator[None]:
    """The block ends soon, where a bomb would take hours, and takes 64 MiB of memory at most."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        assert time.process_time() - started < SOON_SECONDS
        assert tracemalloc.get_traced_memory()[1] < 64 * MEBIBYTE
    finally:
        tracemalloc.stop()


def end_of(reader: str, content: bytes, folder: Path) -> str:
    """The exception by which a program that reads `content` ends, "" if it comes through."""
    path = folder / "content"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", reader, str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip().splitlines()[-1].split(":")[0] if done.returncode else ""


def escapes(name: str, folder: Path) -> bool:
    """Whether a file that is written under its own name in a folder lies outside of it then."""
    if "\\" in name or name[1:2] == ":":
        return not ntpath.normpath(ntpath.join("D:\\model", name)).startswith("D:\\model\\")
    target = folder / "model" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"escaped")
    return not target.resolve().is_relative_to(folder / "model")


def weights(header: Any, data: bytes = b"", length: int | None = None) -> Verdict:
    return python_verdict({"model.safetensors": safetensors_bytes(header, data, length)})


def tensor(shape: list[int], end: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}


@pytest.mark.parametrize(
    ("header", "length", "code", "end"),
    [
        (b"{}", 2**64 - 1, "header_too_large", "OverflowError"),
        (b"{}", 2**40, "header_too_large", "MemoryError"),
        (DEEP, None, "malformed", "RecursionError"),
        ({"w": tensor([2**38], 4)}, None, "size_mismatch", "MemoryError"),
        ({"w": tensor([2**62], 4)}, None, "size_mismatch", "OverflowError"),
        ({"w": tensor([2**62, 2**62], 4)}, None, "malformed", "OverflowError"),
        ({"w": tensor([2] * 4000, 4)}, None, "malformed", "OverflowError"),
    ],
    ids=["longest", "a terabyte", "deep JSON", "2^38", "2^62", "2^124", "4000 dimensions"],
)
def test_bombs_in_headers(
    header: Any, length: int | None, code: str, end: str, tmp_path: Path
) -> None:
    with cheaply():
        verdict = weights(header, bytes(4), length)

    assert codes(verdict) == [f"safetensors_{code}"]
    # The control: who believes what is declared ends by it, and comes through an honest header.
    assert end_of(NAIVE_READER, safetensors_bytes(header, bytes(4), length), tmp_path) == end
    honest = safetensors_bytes({"w": tensor([1], 4)}, bytes(4))
    assert end_of(NAIVE_READER, honest, tmp_path) == ""


def test_many_tensors_take_little() -> None:
    """Not a bomb but a large model: read, and in time."""
    with cheaply():
        verdict = weights(MANY, bytes(4 * len(MANY)))

    assert verdict.counts is not None
    assert verdict.counts.parameters == len(MANY)


@pytest.mark.parametrize(
    ("header", "data"),
    [
        ({"__metadata__": {"x": "h" * MEBIBYTE}, "w": tensor([1], 4)}, bytes(4)),
        ({"w": tensor([1], 4), "h" * 100_000: tensor([0], 0)}, bytes(4)),
        (json.dumps({"w": tensor([1], 4)}).encode() + b" " * 100_000, bytes(4)),
    ],
    ids=["metadata", "names", "padding"],
)
def test_hiding_places(header: Any, data: bytes) -> None:
    content = safetensors_bytes(header, data)

    assert codes(python_verdict({"model.safetensors": content}))
    # The control: the stock reader takes it.
    assert "w" in stock_load(content)


def packed(name: str, array: Any) -> bytes:
    stream, member = io.BytesIO(), io.BytesIO()
    np.save(member, array)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, member.getvalue())
    return stream.getvalue()


def test_an_archive_bomb(tmp_path: Path) -> None:
    bomb = packed("w.npy", np.zeros(64 * MEBIBYTE, dtype=np.uint8))
    with cheaply():
        verdict = python_verdict({"weights.npz": bomb})

    assert codes(verdict) == ["archive_bomb"]
    # The control: who unpacks it runs out of memory, where an honest one takes next to none.
    assert len(bomb) < MEBIBYTE / 10
    assert end_of(NAIVE_UNPACKER, bomb, tmp_path) == "MemoryError"
    honest = packed("w.npy", np.zeros(MEBIBYTE, dtype=np.uint8))
    assert end_of(NAIVE_UNPACKER, honest, tmp_path) == ""


@pytest.mark.parametrize(
    "name", ["../w.npy", "{folder}/w.npy", "a/../../w.npy", "..\\w.npy", "C:w.npy"]
)
def test_members_that_climb(name: str, tmp_path: Path) -> None:
    content = packed(name.format(folder=tmp_path), np.zeros(4, dtype=np.float32))

    assert codes(python_verdict({"weights.npz": content})) == ["npz_member"]
    # The control: the archive does hold that name, by which a member lands outside.
    (held,) = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert escapes(held, tmp_path)
    assert not escapes("a/w.npy", tmp_path)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../model.py", "path_climbs"),
        ("a/../../model.py", "path_climbs"),
        ("{folder}/model.py", "path_absolute"),
        ("a\\..\\..\\model.py", "path_climbs"),
    ],
)
def test_paths_that_climb(path: str, code: str, tmp_path: Path) -> None:
    path = path.format(folder=tmp_path)
    files = [MemoryFile("model.py", MODEL_SOURCE), MemoryFile(path, b"")]

    assert codes(inspect_artifact(files, format="python")) == [code]
    # The control: laid out under their own names they are not in the artifact's folder.
    assert escapes(path, tmp_path)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (".ssh/authorized_keys", "hidden_file"),
        ("a\nb.py", "path_odd_characters"),
        ("\u202emodel.py", "path_odd_characters"),
        ("model.py\0.txt", "path_odd_characters"),
    ],
)
def test_paths_that_mislead(path: str, code: str) -> None:
    files = [MemoryFile("model.py", MODEL_SOURCE), MemoryFile(path, b"")]

    assert codes(inspect_artifact(files, format="python")) == [code]


@pytest.mark.parametrize(
    "location", ["../secret.bin", "a/../../secret.bin", "/etc/passwd", "file:///etc/passwd", "link"]
)
def test_external_data_elsewhere(location: str, tmp_path: Path) -> None:
    """Onnxruntime is the second defence: it refuses those that lead out of the model's folder."""
    import onnxruntime

    model = tmp_path / "model"
    (model / "a").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    (model / "link").symlink_to(tmp_path / "secret.bin")
    outside = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL
    )
    outside.external_data.add(key="location", value=location)
    content = onnx_model(
        [outside],
        [helper.make_node("Identity", ["w"], ["y"])],
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    content.graph.output.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [4]))
    code = "missing" if location == "link" else "outside"
    assert f"onnx_external_data_{code}" in codes(onnx_verdict(content))
    (model / "model.onnx").write_bytes(content.SerializeToString())
    with pytest.raises(Exception, match="xternal data"):
        onnxruntime.InferenceSession(str(model / "model.onnx"))
    # The control: who follows the location reads what is there.
    if not location.startswith("file:"):
        assert (model / location).read_bytes()


def make_link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def make_link_to_folder(path: Path) -> None:
    path.symlink_to("/etc")


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_device(path: Path) -> None:
    os.mknod(path, 0o20666, os.makedev(1, 5))


@pytest.mark.parametrize(
    "make",
    [
        make_link,
        make_link_to_folder,
        os.mkfifo,
        make_socket,
        pytest.param(
            make_device,
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices"),
        ),
    ],
    ids=["link", "link to a folder", "FIFO", "socket", "device"],
)
def test_what_is_no_file(make: Callable[[Path], None], tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.py").write_bytes(MODEL_SOURCE)
    make(model / "odd")
    with pytest.raises(Refused, match=r": odd is (a symbolic link|not a regular file)\.$"):
        folder_files(model)
    workspace = Workspace(tmp_path / "scratch")
    try:
        with workspace.job() as job, pytest.raises(SandboxFault, match="neither a file nor"):
            job.place(model, "model")
        # The control: without it the same folder is inspected and laid out.
        (model / "odd").unlink()
        assert len(folder_files(model)) == 1
        with workspace.job() as job:
            job.place(model, "model")
            assert [path.name for path in (job.path / "model").iterdir()] == ["model.py"]
    finally:
        workspace.close()


def test_the_host_writes_through_no_link(tmp_path: Path) -> None:
    """Were there a link where the host puts a file, the file would not go where it points."""
    victim, source = tmp_path / "victim", tmp_path / "source"
    victim.write_text("precious")
    source.write_text("inputs")
    source.chmod(0o600)  # a file that others can't read is copied, not linked
    workspace = Workspace(tmp_path / "scratch")
    try:
        with workspace.job() as job:
            (job.path / "hidden.npy").symlink_to(victim)
            with pytest.raises(SandboxFault):
                job.place(source, "hidden.npy")
    finally:
        workspace.close()
    assert victim.read_text() == "precious"
    # The control: an ordinary write would have gone through.
    link = tmp_path / "link"
    link.symlink_to(victim)
    link.write_text("inputs")
    assert victim.read_text() == "inputs"
