"""ONNX models: the linear baseline of `digits`, and one of a million parameters."""

import io
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.packs import PACK, changed_pack, made_pack
from benchmarks.workload import QUOTA, Workload

BATCH = 256
WIDTHS = (784, 1000, 200, 10)
"""A perceptron of 986,210 parameters on images of 28 by 28."""
EXAMPLES = 10_000


def digits(work: Path, count: int) -> Workload:
    """Variants of the 650-parameter baseline on the 600 hidden images of `digits`."""
    baseline = onnx.load(PACK / "baselines" / "softmax-650" / "artifact" / "model.onnx")
    data = work / "data"
    data.mkdir(parents=True)
    subprocess.run([sys.executable, "build_data.py", str(data)], cwd=PACK, check=True)
    return Workload(
        slug="digits",
        packs=changed_pack(work / "packs", quota=QUOTA),
        data=data,
        models=_variants(baseline, work / "models", count),
        run_bare=_runner(np.load(data / "hidden" / "test_inputs.npy")),
    )


def million(work: Path, count: int) -> Workload:
    """Variants of a perceptron of a million parameters, on a test set of the size of MNIST's."""
    random = np.random.default_rng(0)
    models = _variants(_perceptron(random), work / "models", count + 1)
    inputs = random.standard_normal((EXAMPLES, WIDTHS[0]), dtype=np.float32)
    usages = ("Public", "Private")
    rows = (f"{n},{random.integers(WIDTHS[-1])},{usages[n % 2]}\n" for n in range(EXAMPLES))
    packs = made_pack(
        work / "packs",
        "million",
        sections={
            "title": "A million parameters",
            "task": {
                "type": "classification",
                "settings": {"classes": WIDTHS[-1], "input": {"shape": [WIDTHS[0]]}},
            },
            "formats": ["onnx"],
            "divisions": [{"slug": "1m", "title": "1M", "budget": {"parameters": 1_000_000}}],
            "upload": {"max_bytes": 16 * 1024**2},
            "data": {
                "public": ["smoke.npy"],
                "smoke_inputs": "smoke.npy",
                "hidden_inputs": "hidden/inputs.npy",
                "labels": "hidden/labels.csv",
            },
        },
        data={
            "smoke.npy": _npy(random.standard_normal((32, WIDTHS[0]), dtype=np.float32)),
            "hidden/inputs.npy": _npy(inputs),
            "hidden/labels.csv": ("id,label,usage\n" + "".join(rows)).encode(),
        },
        model=models[0],
        quota=QUOTA,
    )
    data = packs / "million" / "data"
    return Workload("million", packs, data, models[1:], _runner(inputs))


def _variants(model: onnx.ModelProto, folder: Path, count: int) -> list[Path]:
    """The model `count` times, each time with another first weight, so that none is a duplicate."""
    tensor = model.graph.initializer[0]
    values = numpy_helper.to_array(tensor).copy()
    made = []
    for number in range(count):
        values.flat[0] += 1e-3
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        target = folder / str(number)
        target.mkdir(parents=True)
        onnx.save(model, target / "model.onnx")
        made.append(target)
    return made


def _perceptron(random: np.random.Generator) -> onnx.ModelProto:
    nodes, weights = [], []
    last = "inputs"
    for layer, (rows, columns) in enumerate(pairwise(WIDTHS)):
        scale = np.float32(rows**-0.5)
        matrix = random.standard_normal((rows, columns), dtype=np.float32) * scale
        weights.append(numpy_helper.from_array(matrix, f"weight_{layer}"))
        weights.append(numpy_helper.from_array(np.zeros(columns, np.float32), f"bias_{layer}"))
        given = [last, f"weight_{layer}", f"bias_{layer}"]
        last = "logits" if layer == len(WIDTHS) - 2 else f"hidden_{layer}"
        nodes.append(helper.make_node("Gemm", given, [f"sum_{layer}"]))
        nodes.append(
            helper.make_node("Identity" if last == "logits" else "Relu", [f"sum_{layer}"], [last])
        )
    graph = helper.make_graph(
        nodes,
        "perceptron",
        [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["n", WIDTHS[0]])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", WIDTHS[-1]])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _runner(inputs: NDArray[Any]) -> Callable[[Path], None]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1

    def run(model: Path) -> None:
        session = onnxruntime.InferenceSession(model / "model.onnx", options)
        name = session.get_inputs()[0].name
        for at in range(0, len(inputs), BATCH):
            session.run(None, {name: inputs[at : at + BATCH]})

    return run


def _npy(array: NDArray[Any]) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()
