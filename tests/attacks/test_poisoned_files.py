"""Pickles in each place where something might load one.

Inspection refuses them all. Were it bypassed, what loads such files on our side would still not
execute them: neither the readers of the host, nor the harness of the formats without code.
"""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError, safe_open

from evaluator.contract import Failure
from evaluator.inspection import inspect_artifact
from evaluator.sandbox.base import Sandbox
from evaluator.tasks.csv_table import MalformedTable, read_table
from evaluator.tasks.npy import MalformedArray, read_array
from tests.attacks.models_without_code import run_checkpoint, run_classifier
from tests.attacks.possessed import Weaknesses
from tests.evaluator.harness.onnx_models import linear, save
from tests.evaluator.harness.transformers_models import save_model
from tests.evaluator.inspection.artifacts import MODEL_SOURCE, codes, memory_files
from tests.evaluator.inspection.checkpoints import checkpoint
from tests.evaluator.inspection.tiny_models import ARCHITECTURES
from tests.support.bomb import Bomb, Shout

LOAD_ALL = """
import sys
from pathlib import Path
from evaluator.harness.runners import ArraySpec, LoadOptions, TextSpec, runner_for

for folder in Path(sys.argv[1]).iterdir():
    format_name = folder.name.split("-")[0]
    runner = runner_for(format_name, threads=1)
    inputs = ArraySpec((4,), "float32") if format_name == "onnx" else TextSpec(64)
    task = "classification" if format_name == "onnx" else "language-modelling"
    options = LoadOptions(task_type=task, settings={}, inputs=inputs, device="cpu")
    try:
        runner.load(folder, options)
        print("LOADED", folder.name)
    except Exception as error:
        print("REFUSED", folder.name, type(error).__name__)
"""


def pickled(bomb: Bomb | Shout) -> bytes:
    return pickle.dumps(bomb)


def saved_by_torch(bomb: Bomb | Shout) -> bytes:
    stream = io.BytesIO()
    torch.save({"weights": bomb}, stream)
    return stream.getvalue()


def array_of_objects(bomb: Bomb | Shout) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([bomb], dtype=object), allow_pickle=True)
    return stream.getvalue()


def archive_of_objects(bomb: Bomb | Shout) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("w.npy", array_of_objects(bomb))
    return stream.getvalue()


def archive_with_a_pickle(bomb: Bomb | Shout) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("w.pkl", pickled(bomb))
    return stream.getvalue()


def unpickled(content: bytes) -> None:
    pickle.loads(content)


def loaded_by_torch(content: bytes) -> None:
    torch.load(io.BytesIO(content), weights_only=False)


def loaded_by_numpy(content: bytes) -> None:
    loaded = np.load(io.BytesIO(content), allow_pickle=True)
    if isinstance(loaded, np.lib.npyio.NpzFile):
        np.asarray(loaded["w"])


def taken_out_of_archive(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpickled(archive.read("w.pkl"))


Make = Callable[[Bomb | Shout], bytes]
Poison = tuple[Make, Callable[[bytes], None]]
RAW: Poison = (pickled, unpickled)
TORCH: Poison = (saved_by_torch, loaded_by_torch)
OBJECTS: Poison = (array_of_objects, loaded_by_numpy)
OBJECTS_PACKED: Poison = (archive_of_objects, loaded_by_numpy)
PICKLE_PACKED: Poison = (archive_with_a_pickle, taken_out_of_archive)

ONNX_FILES = {"model.onnx": b""}
TINY = checkpoint(config=ARCHITECTURES["LlamaForCausalLM"])
PYTHON_FILES = {"model.py": MODEL_SOURCE}
PLACES: Mapping[str, tuple[str, Mapping[str, bytes], str, Poison]] = {
    f"{name}-{path}-{kind}": (name, files, path, poison)
    for name, files, path, kind, poison in (
        ("python", PYTHON_FILES, "weights.pkl", "pickle", RAW),
        ("python", PYTHON_FILES, "model.pt", "torch", TORCH),
        ("python", PYTHON_FILES, "model.safetensors", "pickle", RAW),
        ("python", PYTHON_FILES, "model.safetensors", "torch", TORCH),
        ("python", PYTHON_FILES, "config.json", "pickle", RAW),
        ("python", PYTHON_FILES, "config.json", "torch", TORCH),
        ("python", PYTHON_FILES, "vocab.txt", "pickle", RAW),
        ("python", PYTHON_FILES, "vocab.txt", "torch", TORCH),
        ("python", PYTHON_FILES, "weights.npy", "pickle", RAW),
        ("python", PYTHON_FILES, "weights.npy", "objects", OBJECTS),
        ("python", PYTHON_FILES, "weights.npz", "torch", TORCH),
        ("python", PYTHON_FILES, "weights.npz", "objects", OBJECTS_PACKED),
        ("python", PYTHON_FILES, "weights.npz", "member", PICKLE_PACKED),
        ("onnx", {}, "model.onnx", "pickle", RAW),
        ("onnx", {}, "model.onnx", "torch", TORCH),
        ("onnx", ONNX_FILES, "weights.bin", "pickle", RAW),
        ("transformers", TINY, "pytorch_model.bin", "torch", TORCH),
        ("transformers", TINY, "training_args.bin", "pickle", RAW),
        ("transformers", TINY, "model.safetensors", "torch", TORCH),
        ("transformers", TINY, "config.json", "pickle", RAW),
        ("transformers", TINY, "tokenizer.json", "pickle", RAW),
        ("transformers", TINY, "tokenizer_config.json", "pickle", RAW),
        ("transformers", TINY, "vocab.txt", "pickle", RAW),
        ("predictions", {}, "predictions.csv", "pickle", RAW),
        ("predictions", {}, "predictions.csv", "torch", TORCH),
        ("predictions", {}, "predictions.parquet", "pickle", RAW),
    )
}
WITHOUT_CODE = {
    place: path in ("weights.bin", "training_args.bin", "vocab.txt")
    for place, (format_name, _, path, _) in PLACES.items()
    if format_name in ("onnx", "transformers")
}
"""The places of models without code, and whether what loads these ignores such a file."""

WORD = "a pickle was executed"


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    """The folder that is there once a pickle was executed."""
    return tmp_path / "executed"


@pytest.mark.parametrize("place", PLACES)
def test_inspection_refuses_it(place: str, sign: Path) -> None:
    format_name, files, path, (make, load) = PLACES[place]
    content = make(Bomb(sign))
    verdict = inspect_artifact(memory_files({**files, path: content}), format=format_name)

    assert codes(verdict)
    assert not sign.exists()
    # The control: who loads these very bytes as what they are, executes them.
    load(content)
    assert sign.is_dir()


def test_a_pickle_as_external_data_is_but_numbers(tmp_path: Path, sign: Path) -> None:
    """The data of a tensor may be any bytes; what counts is that nobody takes them for more."""
    import onnxruntime
    from onnx import TensorProto, helper

    content = pickled(Bomb(sign))
    content += bytes(-len(content) % 4)
    width = len(content) // 4
    weights = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[width], data_location=TensorProto.EXTERNAL
    )
    weights.external_data.add(key="location", value="weights.bin")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "weights.bin").write_bytes(content)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    (answer,) = session.run(None, {"x": np.ones((1, width), dtype=np.float32)})

    assert answer.tobytes() == content
    assert not sign.exists()
    unpickled(content)
    assert sign.is_dir()


@pytest.mark.parametrize(
    ("make", "name", "load", "refusal"),
    [
        (pickled, "w.npy", read_array, MalformedArray),
        (array_of_objects, "w.npy", read_array, MalformedArray),
        (saved_by_torch, "w.npy", read_array, MalformedArray),
        (pickled, "predictions.csv", read_table, MalformedTable),
        (saved_by_torch, "predictions.csv", read_table, MalformedTable),
        (saved_by_torch, "w.safetensors", lambda path: safe_open(path, "np"), SafetensorError),
    ],
    ids=["pickle-npy", "objects-npy", "torch-npy", "pickle-csv", "torch-csv", "torch-safetensors"],
)
def test_readers_of_ours_do_not_execute_it(
    make: Make,
    name: str,
    load: Callable[[Path], Any],
    refusal: type[Exception],
    tmp_path: Path,
    sign: Path,
) -> None:
    (tmp_path / name).write_bytes(make(Bomb(sign)))

    with pytest.raises(refusal):
        load(tmp_path / name)
    assert not sign.exists()


def lay_out(folder: Path, place: str, bomb: Bomb | Shout) -> None:
    """An honest model of a format without code, but for the poison."""
    format_name, _, path, (make, _) = PLACES[place]
    if format_name == "onnx":
        save(linear(np.eye(4, 3, dtype=np.float32)), folder)
    else:
        save_model(folder)
    if path == "pytorch_model.bin":
        (folder / "model.safetensors").unlink()  # which it stands for
    (folder / path).write_bytes(make(bomb))


def test_the_harness_does_not_execute_it(tmp_path: Path, sign: Path) -> None:
    """All places of the formats without code, with inspection left out, and code beside a model."""
    artifacts = tmp_path / "artifacts"
    for place in WITHOUT_CODE:
        lay_out(artifacts / place, place, Bomb(sign))
    write(artifacts / "transformers-code", remote_code(sign))
    told = in_a_process_of_its_own(LOAD_ALL, artifacts)

    for place, ignored in WITHOUT_CODE.items():
        assert f"{'LOADED' if ignored else 'REFUSED'} {place}" in told
    assert "REFUSED transformers-code" in told
    assert not sign.exists()


@pytest.mark.docker
def test_no_sandbox_executes_it(held: Sandbox, tmp_path: Path) -> None:
    for place, ignored in WITHOUT_CODE.items():
        folder = tmp_path / place
        lay_out(folder / "model", place, Shout(WORD))
        run = run_classifier if place.startswith("onnx") else run_checkpoint
        result = run(held, folder)

        assert result.failure is (None if ignored else Failure.LOAD_FAILED), place
        assert WORD not in result.smoke_log + result.host_log


@pytest.mark.docker
def test_who_unpickles_in_a_sandbox_would_execute_it(
    docker_engine: str, harness_image: str, tmp_path: Path
) -> None:
    """The control of the word."""
    weaknesses = Weaknesses(harness_image, tmp_path)
    with weaknesses.opened:
        loading = f"import pickle\npickle.loads({pickled(Shout(WORD))!r})"
        assert weaknesses().told(loading) == f"{WORD}\n"


def test_code_beside_a_model(tmp_path: Path, sign: Path) -> None:
    files = remote_code(sign)
    verdict = inspect_artifact(memory_files(files), format="transformers")

    assert "transformers_code" in codes(verdict)
    # The control: who trusts the artifact executes it.
    write(tmp_path / "model", files)
    trusting = (
        "import sys, transformers\n"
        "transformers.AutoConfig.from_pretrained(sys.argv[1], trust_remote_code=True)"
    )
    in_a_process_of_its_own(trusting, tmp_path / "model", HF_MODULES_CACHE=str(tmp_path / "cache"))
    assert sign.is_dir()


def remote_code(sign: Path) -> dict[str, bytes]:
    """A checkpoint whose configuration asks for code of its own."""
    code = (
        f"import os\nos.mkdir({str(sign)!r})\n"
        "from transformers import PretrainedConfig\n"
        "class Own(PretrainedConfig):\n    model_type = 'own'\n"
    )
    config = {"model_type": "own", "auto_map": {"AutoConfig": "configuration_own.Own"}}
    return {
        **TINY,
        "config.json": json.dumps(config).encode(),
        "configuration_own.py": code.encode(),
    }


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for path, content in files.items():
        (folder / path).write_bytes(content)


def in_a_process_of_its_own(source: str, argument: Path, **environment: str) -> str:
    """What it printed. It may neither be disturbed by this process nor disturb it."""
    done = subprocess.run(
        [sys.executable, "-c", source, str(argument)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
