"""For each task a handful of examples, models in two formats that solve it, and what they score."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from evaluator.contract import TaskSpec
from evaluator.tasks import load_task
from tests.evaluator.harness.onnx_models import linear

TEXT_BYTES = 8
TEXT = {"text": {"max_bytes": TEXT_BYTES}}
WORDS = ("abba", "cab", "", "ñu")
NUMBERS = np.arange(12, dtype=np.float32).reshape(4, 3)
WEIGHTS = np.array([[1], [2], [-1]], np.float32)
BYTE_WEIGHTS = np.random.default_rng(3).standard_normal((TEXT_BYTES, 2)).astype(np.float32)


def as_bytes(texts: Sequence[str]) -> NDArray[np.uint8]:
    """The texts as ONNX graphs get them."""
    rows = [list(text.encode().ljust(TEXT_BYTES, b"\0")) for text in texts]
    return np.array(rows, dtype=np.uint8)


def bytes_times(weights: NDArray[np.float32], output: str) -> onnx.ModelProto:
    """`output = float(bytes) @ weights`."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["bytes"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["floats", "weights"], [output]),
        ],
        "bytes",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, ["n", TEXT_BYTES])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", weights.shape[1]])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def echo() -> onnx.ModelProto:
    """A graph that answers the bytes that it is given."""
    shape: list[str | int | None] = ["n", TEXT_BYTES]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["bytes"], ["texts"])],
        "echo",
        [helper.make_tensor_value_info("bytes", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("texts", TensorProto.UINT8, shape)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@dataclass(frozen=True, eq=False)
class TaskCase:
    """A task with examples (an array, or the lines of a file of texts) and models.

    `expected` is what both models predict; under the labels they score `score` by `metric`.
    """

    name: str
    task: TaskSpec
    examples: NDArray[Any] | list[dict[str, str]]
    onnx: onnx.ModelProto
    python: str
    expected: NDArray[Any] | list[str]
    labels: str
    metric: str
    score: float

    def inputs(self, folder: Path) -> Path:
        """The examples as a file."""
        if isinstance(self.examples, list):
            file = folder / "inputs.jsonl"
            file.write_text("".join(json.dumps(line) + "\n" for line in self.examples))
        else:
            file = folder / "inputs.npy"
            np.save(file, self.examples)
        return file

    def model(self, format_name: str, folder: Path) -> Path:
        """The folder with the model in a format."""
        folder.mkdir(exist_ok=True)
        if format_name == "onnx":
            onnx.save(self.onnx, folder / "model.onnx")
        else:
            (folder / "model.py").write_text(self.python)
        return folder

    def check(self, predictions: Path) -> None:
        """Hold a file of predictions against what is expected."""
        found = load_task(self.task).read_predictions(predictions, len(self.examples))
        if isinstance(self.expected, list):
            assert found.tolist() == self.expected
        else:
            np.testing.assert_allclose(found, self.expected, rtol=1e-5)


def _task(name: str, **settings: Any) -> TaskSpec:
    return load_task(TaskSpec(type=name, settings=settings)).spec


def _python(method: str) -> str:
    return (
        "import numpy as np\n"
        f"def padded(texts): return np.array([list(t.encode().ljust({TEXT_BYTES}, b'\\0')) "
        "for t in texts], np.float32)\n"
        f"W = np.array({BYTE_WEIGHTS.tolist()}, np.float32)\n"
        f"class Model:\n    {method}\n"
        "def load(folder, device): return Model()\n"
    )


TEXTS = [{"text": word} for word in WORDS]
KINDS = ("document", "query", "document", "query")
CASES = (
    TaskCase(
        name="regression",
        task=_task("regression", input={"shape": [3]}),
        examples=NUMBERS,
        onnx=linear(WEIGHTS),
        python=_python("def predict(self, inputs): return inputs @ [1, 2, -1]"),
        expected=NUMBERS @ WEIGHTS,
        labels="label\n" + "".join(f"{value + 1}\n" for value in (NUMBERS @ WEIGHTS)[:, 0]),
        metric="rmse",
        score=1.0,
    ),
    TaskCase(
        name="text classification",
        task=_task("classification", classes=2, input=TEXT),
        examples=TEXTS,
        onnx=bytes_times(BYTE_WEIGHTS, "logits"),
        python=_python("def predict(self, inputs): return padded(inputs) @ W"),
        expected=as_bytes(WORDS).astype(np.float32) @ BYTE_WEIGHTS,
        labels="label\n"
        + "".join(
            f"{label}\n"
            for label in (as_bytes(WORDS).astype(np.float32) @ BYTE_WEIGHTS).argmax(axis=1)
        ),
        metric="accuracy",
        score=1.0,
    ),
    TaskCase(
        name="embedding",
        task=_task("embedding", input=TEXT, similarity="dot"),
        examples=[
            {"text": text, "kind": kind}
            for text, kind in zip(("a", "a", "ab", "ab"), KINDS, strict=True)
        ],
        onnx=bytes_times(np.eye(TEXT_BYTES, 2, dtype=np.float32), "embeddings"),
        python=_python(
            "def embed(self, texts, kind):\n"
            "        assert kind in ('query', 'document') and len(set(texts)) == 2, (kind, texts)\n"
            "        return padded(texts)[:, :2]"
        ),
        expected=as_bytes(("a", "a", "ab", "ab"))[:, :2],
        labels="id,label\na,\nb,a\nc,\nd,c\n",
        metric="mrr",
        # By dot product "ab" is never behind "a"; of equals the wrong one comes first.
        score=0.75,
    ),
    TaskCase(
        name="generation",
        task=_task("generation", input=TEXT, max_bytes=TEXT_BYTES),
        examples=TEXTS,
        onnx=echo(),
        python=_python("def generate(self, prompts, max_bytes): return [p for p in prompts]"),
        expected=list(WORDS),
        labels='label\nabba\ncabs\n""\nñu\n',
        metric="exact_match",
        score=0.75,
    ),
)
