"""Each task type in the real sandboxes: what the model predicts is what the host has on file."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluator.contract import Failure, Limits, Stage
from evaluator.sandbox.base import Sandbox, SandboxRequest, SandboxResult, SandboxUnavailable
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.tasks import load_task
from tests.evaluator.task_cases import CASES, TaskCase
from tests.support.missing import missing

LIMITS = Limits(memory_bytes=256 * 1024**2, load_seconds=20, smoke_seconds=10, hidden_seconds=10)
BY_TASK = {case.name: case for case in CASES}
TASKS = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def fallback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    try:
        sandbox = FallbackSandbox(scratch=tmp_path_factory.mktemp("fallback"))
    except SandboxUnavailable as reason:
        missing("The fallback's confinement", str(reason))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def container(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    sandbox = DockerSandbox(
        scratch=tmp_path_factory.mktemp("docker"), image=harness_image, runtime="runc"
    )
    yield sandbox
    sandbox.close()


def proceed(_stage: Stage) -> bool:
    return True


def run(sandbox: Sandbox, case: TaskCase, format_name: str, folder: Path) -> SandboxResult:
    output = folder / "output"
    output.mkdir()
    inputs = case.inputs(folder)
    return sandbox.run(
        SandboxRequest(
            format=format_name,
            task=case.task,
            model_folder=case.model(format_name, folder / "model"),
            smoke_inputs=inputs,
            hidden_inputs=inputs,
            output_folder=output,
            limits=LIMITS,
            seed=0,
        ),
        on_stage=proceed,
    )


@TASKS
def test_onnx_without_a_container(case: TaskCase, fallback: Sandbox, tmp_path: Path) -> None:
    result = run(fallback, case, "onnx", tmp_path)
    assert result.failure is None, result
    assert result.predictions is not None
    case.check(result.predictions)


@TASKS
@pytest.mark.docker
def test_python_in_a_container(case: TaskCase, container: Sandbox, tmp_path: Path) -> None:
    result = run(container, case, "python", tmp_path)
    assert result.failure is None, result
    assert result.predictions is not None
    case.check(result.predictions)


RANDOM = """
import random
import numpy as np
START = [random.random(), np.random.random(), hash("x") % 1000]
class Model:
    def predict(self, inputs):
        first = np.random.random(len(inputs)) + random.random()
        return (first + sum(START) + hash(str(inputs[0])) % 1000)[:, None]
def load(folder, device): return Model()
"""


@pytest.mark.docker
def test_a_seed_makes_two_runs_the_same(container: Sandbox, tmp_path: Path) -> None:
    case = dataclasses.replace(BY_TASK["regression"], python=RANDOM)
    found = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        result = run(container, case, "python", tmp_path / str(number))
        assert result.predictions is not None, result
        found.append(result.predictions.read_bytes())
    assert found[0] == found[1]


FORGED = """
from evaluator.harness import answers
{forgery}
class Model:
    def generate(self, prompts, max_bytes): return ["x"] * len(prompts)
    def embed(self, texts, kind): return [[1.0, 2.0]] * len(texts)
def load(folder, device): return Model()
"""
FORGED_TEXTS = """
from evaluator.harness import generation
generation.texts_answer = lambda texts: answers.texts_answer([b"x" * {length} for _ in texts])
"""
FORGED_VECTORS = """
import numpy as np
from evaluator.harness import embedding
embedding.rows_answer = lambda rows: answers.rows_answer(
    np.ones((len(rows), {length}), np.float32))
"""
FORGERIES = pytest.mark.parametrize(
    ("task", "forgery", "length"),
    [
        ("generation", FORGED_TEXTS, 9),
        ("embedding", FORGED_VECTORS, 0),
        ("embedding", FORGED_VECTORS, 1025),
    ],
    ids=["a text that is too long", "vectors of nothing", "too many dimensions"],
)


def forged(task: str, forgery: str, length: int) -> TaskCase:
    """A model that changes the harness so that it sends answers of some length."""
    python = FORGED.format(forgery=forgery.format(length=length))
    return dataclasses.replace(BY_TASK[task], python=python)


@pytest.mark.docker
@FORGERIES
def test_a_harness_that_the_model_has_changed_is_not_believed(
    task: str, forgery: str, length: int, container: Sandbox, tmp_path: Path
) -> None:
    result = run(container, forged(task, forgery, length), "python", tmp_path)
    assert (result.failure, result.failed_stage) == (Failure.INVALID_PREDICTIONS, Stage.SMOKE)
    assert not any((tmp_path / "output").iterdir())


@pytest.mark.docker
@pytest.mark.parametrize(
    ("task", "forgery"), [("generation", FORGED_TEXTS), ("embedding", FORGED_VECTORS)]
)
def test_control_the_changed_harness_sends_what_the_model_wants(
    task: str, forgery: str, container: Sandbox, tmp_path: Path
) -> None:
    result = run(container, forged(task, forgery, 7), "python", tmp_path)
    assert result.failure is None, result
    assert result.predictions is not None
    found = load_task(BY_TASK[task].task).read_predictions(result.predictions, 4)
    assert [len(answer) for answer in found] == [7] * 4
