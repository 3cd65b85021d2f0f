"""Artifacts that are bombs, climb out of their folder, or lead elsewhere.

They are refused at inspection, within a second and a few megabytes; what lays a job out refuses
once more whatever is neither a file nor a folder.
"""

import io
import json
import os
import socket
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


def weights(header: Any, data: bytes = b"", length: int | None = None) -> Verdict:
    return python_verdict({"model.safetensors": safetensors_bytes(header, data, length)})


def tensor(shape: list[int], end: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}


@pytest.mark.parametrize(
    ("header", "length", "code"),
    [
        pytest.param(b"{}", 2**64 - 1, "safetensors_header_too_large", id="longest length"),
        pytest.param(b"{}", 2**40, "safetensors_header_too_large", id="a terabyte of header"),
        pytest.param(DEEP, None, "safetensors_malformed", id="deep JSON"),
        pytest.param({"w": tensor([2**62], 4)}, None, "safetensors_size_mismatch", id="2^62"),
        pytest.param({"w": tensor([2**62, 2**62], 4)}, None, "safetensors_malformed", id="2^124"),
        pytest.param(
            {"w": tensor([2] * 4000, 4)}, None, "safetensors_malformed", id="4000 dimensions"
        ),
    ],
)
def test_bombs_in_headers(header: Any, length: int | None, code: str) -> None:
    with cheaply():
        verdict = weights(header, bytes(4), length)

    assert codes(verdict) == [code]


def test_deep_json_breaks_an_unguarded_reader() -> None:
    """The control: a reader that takes the text as it comes runs out of its stack."""
    with pytest.raises(RecursionError):
        json.loads(DEEP)


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


def test_an_archive_bomb() -> None:
    bomb = packed("w.npy", np.zeros(64 * MEBIBYTE, dtype=np.uint8))
    with cheaply():
        verdict = python_verdict({"weights.npz": bomb})

    assert codes(verdict) == ["archive_bomb"]
    # The control: who unpacks it gets a thousand times as much.
    assert np.load(io.BytesIO(bomb))["w"].nbytes > 900 * len(bomb)


@pytest.mark.parametrize("name", ["../w.npy", "/w.npy", "a/../../w.npy", "..\\w.npy", "C:w.npy"])
def test_members_that_climb(name: str) -> None:
    content = packed(name, np.zeros(4, dtype=np.float32))

    assert codes(python_verdict({"weights.npz": content})) == ["npz_member"]
    # The control: the archive does hold that name.
    assert zipfile.ZipFile(io.BytesIO(content)).namelist() == [name]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../model.py", "path_climbs"),
        ("a/../../model.py", "path_climbs"),
        ("/etc/cron.d/model.py", "path_absolute"),
        ("a\\..\\..\\model.py", "path_climbs"),
        (".ssh/authorized_keys", "hidden_file"),
        ("a\nb.py", "path_odd_characters"),
        ("\u202emodel.py", "path_odd_characters"),
        ("model.py\0.txt", "path_odd_characters"),
    ],
)
def test_paths_that_climb(path: str, code: str) -> None:
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
    with pytest.raises(Refused):
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
