"""ONNX models by onnxruntime: right answers, and errors that say how to export better."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from evaluator.harness.errors import LoadError, ModelError
from evaluator.harness.onnx_runner import OnnxRunner
from evaluator.harness.runners import ArraySpec, LoadOptions, Outputs
from evaluator.harness.seeds import set_seeds
from evaluator.sandbox.environment import harness_environment
from tests.evaluator.harness.onnx_models import linear, save

REHEARSE = """
import os, sys
from pathlib import Path
import evaluator.harness.service
from evaluator.harness.runners import ArraySpec, LoadOptions, runner_for
from evaluator.harness.seeds import set_seeds
runner = runner_for("onnx", threads=2)
runner.warm_up()
set_seeds(0)
runner.rehearse()
threads, imported = len(os.listdir("/proc/self/task")), set(sys.modules)
inputs = ArraySpec(shape=(4,), dtype="float32")
runner.load(Path(sys.argv[1]), LoadOptions("classification", {}, inputs=inputs, device="cpu"))
print(threads, sorted(set(sys.modules) - imported))
"""

WEIGHTS = np.arange(12, dtype=np.float32).reshape(4, 3)
OPTIONS = LoadOptions(
    "classification", {}, inputs=ArraySpec(shape=(4,), dtype="float32"), device="cpu"
)
INPUTS = np.eye(4, dtype=np.float32)


@pytest.fixture
def runner() -> OnnxRunner:
    runner = OnnxRunner(threads=1)
    runner.warm_up()
    return runner


def test_predicts(runner: OnnxRunner, tmp_path: Path) -> None:
    model = runner.load(save(linear(WEIGHTS), tmp_path), OPTIONS)

    np.testing.assert_array_equal(model.predict(INPUTS)["logits"], WEIGHTS)


def test_chance_follows_from_the_seed(runner: OnnxRunner, tmp_path: Path) -> None:
    """A graph that draws numbers answers alike under the same seed, and can't be run for luck."""
    model = linear(WEIGHTS)
    model.graph.node[0].CopyFrom(helper.make_node("MatMul", ["x", "weights"], ["plain"]))
    model.graph.node.append(helper.make_node("RandomNormalLike", ["plain"], ["logits"]))
    save(model, tmp_path)

    def drawn(seed: int) -> Outputs:
        set_seeds(seed)
        return runner.load(tmp_path, OPTIONS).predict(INPUTS)

    np.testing.assert_equal(drawn(5), drawn(5))
    assert not np.array_equal(drawn(5)["logits"], drawn(6)["logits"])


def test_takes_the_only_model_whatever_its_name(runner: OnnxRunner, tmp_path: Path) -> None:
    model = runner.load(save(linear(WEIGHTS), tmp_path, "mine.onnx"), OPTIONS)

    np.testing.assert_array_equal(model.predict(INPUTS)["logits"], WEIGHTS)


def test_prefers_the_known_name(runner: OnnxRunner, tmp_path: Path) -> None:
    save(linear(WEIGHTS * 2), tmp_path, "a.onnx")
    model = runner.load(save(linear(WEIGHTS), tmp_path), OPTIONS)

    np.testing.assert_array_equal(model.predict(INPUTS)["logits"], WEIGHTS)


def test_casts_to_a_wider_float(runner: OnnxRunner, tmp_path: Path) -> None:
    model = linear(WEIGHTS.astype(np.float64))
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = TensorProto.DOUBLE
    loaded = runner.load(save(model, tmp_path), OPTIONS)

    np.testing.assert_array_equal(loaded.predict(INPUTS)["logits"], WEIGHTS)


def test_writes_nothing_beside_the_model(runner: OnnxRunner, tmp_path: Path) -> None:
    runner.load(save(linear(WEIGHTS), tmp_path), OPTIONS).predict(INPUTS)

    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((8, 8), r"tensor\(float\) \['n', 4\]; the competition gives float32 \[batch, 8, 8\]"),
        ((5,), r"the competition gives float32 \[batch, 5\]"),
    ],
)
def test_another_input_shape(
    runner: OnnxRunner, tmp_path: Path, shape: tuple[int, ...], message: str
) -> None:
    options = LoadOptions(
        "classification", {}, inputs=ArraySpec(shape=shape, dtype="float32"), device="cpu"
    )
    with pytest.raises(LoadError, match=message):
        runner.load(save(linear(WEIGHTS), tmp_path), options)


def test_another_input_type(runner: OnnxRunner, tmp_path: Path) -> None:
    options = LoadOptions(
        "classification", {}, inputs=ArraySpec(shape=(4,), dtype="int64"), device="cpu"
    )
    with pytest.raises(LoadError, match="the competition gives int64"):
        runner.load(save(linear(WEIGHTS), tmp_path), options)


def test_a_fixed_batch_size(runner: OnnxRunner, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"fixed at 1\. Export it with a dynamic first axis"):
        runner.load(save(linear(WEIGHTS, batch=1), tmp_path), OPTIONS)


def test_two_inputs(runner: OnnxRunner, tmp_path: Path) -> None:
    model = linear(WEIGHTS)
    model.graph.input.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4]))
    with pytest.raises(LoadError, match="The model has 2 inputs"):
        runner.load(save(model, tmp_path), OPTIONS)


def test_no_model(runner: OnnxRunner, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"holds 0 \.onnx files at its top\. Name the model"):
        runner.load(tmp_path, OPTIONS)


def test_garbage(runner: OnnxRunner, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\xff" * 100)
    with pytest.raises(LoadError, match="onnxruntime could not open the model"):
        runner.load(tmp_path, OPTIONS)


def test_a_graph_that_fails_at_run_time(runner: OnnxRunner, tmp_path: Path) -> None:
    model = linear(WEIGHTS)
    model.graph.node.insert(0, helper.make_node("Reshape", ["x", "shape"], ["y"]))
    model.graph.initializer.append(
        onnx.numpy_helper.from_array(np.array([7, 4], dtype=np.int64), "shape")
    )
    model.graph.node[1].input[0] = "y"
    loaded = runner.load(save(model, tmp_path), OPTIONS)
    with pytest.raises(ModelError, match="onnxruntime could not run the model"):
        loaded.predict(INPUTS)


def test_out_of_memory_is_told_apart(runner: OnnxRunner, tmp_path: Path) -> None:
    model = linear(WEIGHTS)
    huge = helper.make_tensor("huge", TensorProto.INT64, [2], [2**21, 2**21])
    model.graph.initializer.append(huge)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["huge"], ["block"]))
    model.graph.output.append(
        helper.make_tensor_value_info("block", TensorProto.FLOAT, [None, None])
    )
    with pytest.raises(MemoryError):
        runner.load(save(model, tmp_path), OPTIONS).predict(INPUTS)


def test_a_rehearsal_leaves_no_thread_and_nothing_to_import(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", REHEARSE, str(save(linear(WEIGHTS), tmp_path))],
        env={**os.environ, **harness_environment(threads=1)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1 []\n"
