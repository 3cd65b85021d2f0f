"""Models that bring no code and would take all time or memory, through a real fork server.

Where a child ends by itself, the very same server serves the next model; one that has to be killed
from outside takes its server with it, and the next model gets another.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper
from tokenizers import Regex, pre_tokenizers

from evaluator.contract import Failure, Limits, Stage, TaskSpec
from evaluator.sandbox.base import SandboxRequest, SandboxResult
from evaluator.sandbox.docker_sandbox import DockerSandbox
from tests.attacks.proving_ground import TASK
from tests.evaluator.harness.onnx_models import linear, save
from tests.evaluator.harness.transformers_models import byte_level, save_model, save_tokenizer
from tests.evaluator.sandbox.language_models import write_documents

pytestmark = pytest.mark.docker

LIMITS = Limits(memory_bytes=1024**3, load_seconds=60, smoke_seconds=60, hidden_seconds=60)
WEIGHTS = np.full((4, 3), 0.25, dtype=np.float32)
LANGUAGE_MODELLING = TaskSpec(type="language-modelling", settings={"documents_in_step": 64})
DOCUMENT = "a document of bytes, in which more is told than can be matched"


def looping(iterations: int) -> ModelProto:
    """A linear model, whose scores go so many times through a loop that changes nothing."""
    model = linear(WEIGHTS)
    graph = model.graph
    graph.node[0].output[0] = "scores"
    kind = TensorProto.FLOAT
    shape: list[str | int | None] = ["n", 3]
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Abs", ["in"], ["out"])],
        "body",
        [
            helper.make_tensor_value_info("number", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("in", kind, shape),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", kind, shape),
        ],
    )
    graph.initializer.append(numpy_helper.from_array(np.array(iterations), "iterations"))
    graph.initializer.append(numpy_helper.from_array(np.array(True), "always"))
    loop = helper.make_node("Loop", ["iterations", "always", "scores"], ["logits"], body=body)
    graph.node.append(loop)
    return model


def catastrophic_pattern(folder: Path) -> None:
    """Splits text by a pattern that tries all ways to cut it before it fails."""
    save_model(folder)
    tokenizer = byte_level()
    split = pre_tokenizers.Split(Regex("(.+)+(?=a)(?=b)"), "isolated")
    bytes_of_it = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_of_it])
    save_tokenizer(folder, tokenizer)


def deep_tokenizer(folder: Path) -> None:
    """A file of brackets within brackets."""
    save_model(folder)
    deep = "[" * 200_000 + "]" * 200_000
    (folder / "tokenizer.json").write_text(f'{{"version": "1.0", "added_tokens": {deep}}}')


def enormous_sizes(folder: Path) -> None:
    """A small file that declares tensors of terabytes."""
    save_model(folder)
    config = json.loads((folder / "config.json").read_text())
    config.update(hidden_size=2**20, intermediate_size=2**22)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.fixture(scope="module")
def sandbox(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerSandbox]:
    scratch = tmp_path_factory.mktemp("scratch")
    with closing(DockerSandbox(scratch=scratch, image=harness_image, runtime="runc")) as sandbox:
        yield sandbox


def run_onnx(
    sandbox: DockerSandbox, model: ModelProto, folder: Path, limits: Limits = LIMITS
) -> SandboxResult:
    folder.mkdir()
    np.save(folder / "inputs.npy", np.ones((8, 4), dtype=np.float32))
    save(model, folder / "model")
    return _run(sandbox, "onnx", TASK, folder, folder / "inputs.npy", limits)


def run_transformers(
    sandbox: DockerSandbox, make: Callable[[Path], object], folder: Path
) -> SandboxResult:
    folder.mkdir()
    documents = write_documents(folder / "documents.jsonl", [DOCUMENT])
    make(folder / "model")
    return _run(sandbox, "transformers", LANGUAGE_MODELLING, folder, documents, LIMITS)


def _run(
    sandbox: DockerSandbox,
    format_name: str,
    task: TaskSpec,
    folder: Path,
    inputs: Path,
    limits: Limits,
) -> SandboxResult:
    (folder / "output").mkdir()
    return sandbox.run(
        SandboxRequest(
            format=format_name,
            task=task,
            model_folder=folder / "model",
            smoke_inputs=inputs,
            hidden_inputs=inputs,
            output_folder=folder / "output",
            limits=limits,
            seed=0,
        ),
        on_stage=lambda _stage: True,
    )


def server_of(sandbox: DockerSandbox) -> object:
    """The server that has run the last job, and waits for the next."""
    return sandbox._supply._servers._idle[0]


def test_a_loop_without_end(sandbox: DockerSandbox, tmp_path: Path) -> None:
    limits = LIMITS.model_copy(update={"smoke_seconds": 2})
    result = run_onnx(sandbox, looping(2**62), tmp_path / "bomb", limits)
    assert (result.failure, result.failed_stage) == (Failure.TIMED_OUT, Stage.SMOKE)

    # The control, and the next model: the same loop with an end.
    ended = run_onnx(sandbox, looping(3), tmp_path / "honest", limits)
    assert ended.failure is None, ended.smoke_log
    assert ended.predictions is not None
    np.testing.assert_allclose(np.load(ended.predictions), np.ones((8, 3)))


@pytest.mark.parametrize(
    ("make", "failures", "stage"),
    [
        (catastrophic_pattern, {Failure.CRASHED}, Stage.SMOKE),
        (deep_tokenizer, {Failure.LOAD_FAILED}, Stage.STARTING),
        (
            enormous_sizes,
            {Failure.OUT_OF_MEMORY, Failure.LOAD_FAILED, Failure.TENSORS_MISMATCH},
            Stage.STARTING,
        ),
    ],
)
def test_a_checkpoint(
    sandbox: DockerSandbox,
    tmp_path: Path,
    make: Callable[[Path], None],
    failures: set[Failure],
    stage: Stage,
) -> None:
    result = run_transformers(sandbox, make, tmp_path / "bomb")
    assert result.failed_stage is stage, result.smoke_log
    assert result.failure in failures
    server = server_of(sandbox)

    # The control, and the next model: without the one part that makes it a bomb.
    honest = run_transformers(sandbox, save_model, tmp_path / "honest")
    assert honest.failure is None, honest.smoke_log
    assert server_of(sandbox) is server
