"""The examination in lockstep, with a real harness in a process of its own."""

import dataclasses
import math
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import Failure, Limits, Stage, Strength
from evaluator.practice.guest import OwnProcess
from evaluator.sandbox.base import SandboxCancelled, SandboxFault, SandboxRequest, SandboxResult
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.environment import harness_arguments
from evaluator.sandbox.exchange import await_ready
from evaluator.sandbox.lockstep_channel import SOCKET
from evaluator.sandbox.workspace import JobFolder
from tests.evaluator.sandbox.language_models import (
    TASK,
    write_bigrams,
    write_documents,
    write_model,
)

SMOKE = ["smoke", "and mirrors"]
HIDDEN = ["x", "été", "a longer document", "日本語", *string.ascii_letters, *["pad " * 9] * 40]
LIMITS = Limits(load_seconds=20, smoke_seconds=20, hidden_seconds=20)
Examine = Callable[..., SandboxResult]


@pytest.fixture
def examine(tmp_path: Path) -> Examine:
    """Examines the model in `tmp_path / "model"`. Keywords are limits, and `on_stage`."""
    job, output = tmp_path / "job", tmp_path / "output"
    for folder in (job, output):
        folder.mkdir()
    request = SandboxRequest(
        format="python",
        task=TASK,
        model_folder=tmp_path / "model",
        smoke_inputs=write_documents(tmp_path / "public.jsonl", SMOKE),
        hidden_inputs=write_documents(tmp_path / "secret.jsonl", HIDDEN),
        output_folder=output,
        limits=LIMITS,
        seed=0,
    )

    def run(
        on_stage: Callable[[Stage], bool] = lambda _stage: True, **limits: float
    ) -> SandboxResult:
        guest = OwnProcess(harness_arguments("python", LIMITS), {})
        try:
            await_ready(guest, on_tick=lambda: None)
            return Conversation(
                dataclasses.replace(request, limits=LIMITS.model_copy(update=limits)),
                guest,
                JobFolder(job),
                strength=Strength.FALLBACK,
                device="cpu",
                on_stage=on_stage,
                mount=str(job),
            ).hold()
        finally:
            guest.destroy()

    return run


def told(result: SandboxResult) -> tuple[Failure | None, Stage | None]:
    return result.failure, result.failed_stage


def test_the_nats_are_the_models_own(tmp_path: Path, examine: Examine) -> None:
    first, following = write_bigrams(tmp_path / "model", seed=3)
    result = examine()

    assert told(result) == (None, None), result.smoke_log
    assert result.predictions is not None
    expected = []
    for text in HIDDEN:
        data = np.frombuffer(text.encode(), dtype=np.uint8)
        expected.append(-first[data[0]] - following[data[:-1], data[1:]].sum(dtype=np.float64))
    found = np.load(result.predictions)
    assert found.shape == (len(HIDDEN), 1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-5)
    assert result.measurements.examples == len(HIDDEN)


def test_latency_is_a_running_average(tmp_path: Path, examine: Examine) -> None:
    """The first of two groups is slow, and the second looks no faster than both together."""
    write_model(tmp_path / "model", start="time.sleep(1 if documents == 64 else 0)")
    measured = examine().measurements

    assert measured.latency_seconds is not None
    assert measured.hidden_seconds is not None
    # A second for 64 documents, and then for all 96, of which the median is the mean. The times of
    # the groups would be a second for 64, and next to nothing for 32.
    assert measured.latency_seconds > measured.hidden_seconds / len(HIDDEN)


def test_the_text_is_never_in_the_job(tmp_path: Path, examine: Examine) -> None:
    write_model(
        tmp_path / "model",
        start="print(sorted(os.listdir(os.path.dirname(os.path.dirname(__file__)))))",
    )
    result = examine()

    assert told(result) == (None, None), result.smoke_log
    assert result.smoke_log == "['lockstep.sock', 'model']\n"
    assert result.host_log == 2 * result.smoke_log  # 96 documents, 64 at a time
    assert [path.name for path in (tmp_path / "job").iterdir()] == ["model"]


def test_a_byte_is_told_after_it_was_predicted(tmp_path: Path, examine: Examine) -> None:
    """The smoke run, step by step: the last byte of a document is never told at all."""
    write_model(tmp_path / "model", start="print(documents)", step="print(bytes(previous))")
    result = examine()

    both, longer = [b"as", b"nm", b"do", b" k"], [b"m", b"i", b"r", b"r", b"o", b"r"]
    assert result.smoke_log.splitlines() == ["2", *map(str, both + longer)]


@pytest.mark.parametrize(
    ("step", "failure", "log"),
    [
        ("scores += 0.01", Failure.NOT_NORMALISED, ""),
        ("scores -= 0.01", Failure.NOT_NORMALISED, ""),
        ("scores[0, 0] = float('nan')", Failure.NOT_NORMALISED, ""),
        ("scores[0, 0] = float('inf')", Failure.NOT_NORMALISED, ""),
        ("scores[0] = 1e30", Failure.NOT_NORMALISED, ""),
        ("scores[:] = -np.inf; scores[:, 0] = 0", Failure.IMPOSSIBLE_BYTE, ""),
        ("scores = scores[:, :255]", Failure.INVALID_PREDICTIONS, ", 256] in floating point"),
        ("scores = scores[:-1]", Failure.INVALID_PREDICTIONS, ", 256] in floating point"),
        ("scores = scores.astype(int)", Failure.INVALID_PREDICTIONS, "answered int64"),
        ("raise KeyError('state')", Failure.CRASHED, "KeyError: 'state'"),
        ("os._exit(3)", Failure.CRASHED, "exit status 3"),
    ],
    ids=[
        "sum above 1",
        "sum below 1",
        "NaN",
        "infinity",
        "overflow",
        "an impossible byte",
        "too few columns",
        "too few rows",
        "whole numbers",
        "an error",
        "an exit",
    ],
)
def test_faults_of_the_model(
    tmp_path: Path, examine: Examine, step: str, failure: Failure, log: str
) -> None:
    write_model(tmp_path / "model", step=step)
    result = examine()

    assert told(result) == (failure, Stage.SMOKE)
    assert result.predictions is None
    assert list((tmp_path / "output").iterdir()) == []
    assert log in result.smoke_log


def test_what_is_within_the_tolerance_gains_nothing(tmp_path: Path, examine: Examine) -> None:
    write_model(tmp_path / "model", start="scores += 9e-5", step="scores += 9e-5")
    result = examine()

    assert result.predictions is not None
    lengths = np.array([len(text.encode()) for text in HIDDEN])
    np.testing.assert_allclose(
        np.load(result.predictions)[:, 0], math.log(256) * lengths, rtol=1e-6
    )


def test_impossible_bytes_may_be_told(tmp_path: Path, examine: Examine) -> None:
    """A zero that no NUL needs: no document holds one."""
    impossible = "scores[:] = -np.log(255); scores[:, 0] = -np.inf"
    write_model(tmp_path / "model", start=impossible, step=impossible)

    assert told(examine()) == (None, None)


def test_torch_tensors_are_taken(tmp_path: Path, examine: Examine) -> None:
    tensor = "import torch; scores = torch.from_numpy(scores).requires_grad_()"
    write_model(tmp_path / "model", start=tensor, step=tensor)

    assert told(examine()) == (None, None)


@pytest.mark.parametrize("seconds", [60, 0.2], ids=["at once", "by and by"])
def test_too_slow(tmp_path: Path, examine: Examine, seconds: float) -> None:
    write_model(tmp_path / "model", step=f"time.sleep({seconds})")

    assert told(examine(smoke_seconds=1)) == (Failure.TIMED_OUT, Stage.SMOKE)


def test_what_it_prints_is_counted(tmp_path: Path, examine: Examine) -> None:
    write_model(tmp_path / "model", step="print('x' * 100_000)")

    assert told(examine(log_bytes=200_000)) == (Failure.LOG_TOO_LARGE, Stage.SMOKE)


def test_it_can_be_cancelled_between_two_bytes(tmp_path: Path, examine: Examine) -> None:
    write_model(tmp_path / "model", step="time.sleep(0.1)")
    seen: list[Stage] = []

    def on_stage(stage: Stage) -> bool:
        seen.append(stage)
        return seen.count(Stage.HIDDEN) < 2  # entered, and once more after a second

    with pytest.raises(SandboxCancelled):
        examine(on_stage)
    assert not (tmp_path / "job" / SOCKET).exists()


def test_a_model_without_the_methods(tmp_path: Path, examine: Examine) -> None:
    write_model(tmp_path / "model")
    source = (tmp_path / "model" / "model.py").read_text()
    (tmp_path / "model" / "model.py").write_text(source.replace("def step", "def next"))
    result = examine()

    assert told(result) == (Failure.LOAD_FAILED, Stage.STARTING)
    assert "an object with a method step(previous)" in result.smoke_log


def test_documents_that_are_none(tmp_path: Path, examine: Examine) -> None:
    write_model(tmp_path / "model")
    (tmp_path / "secret.jsonl").write_text("no JSON\n")

    with pytest.raises(SandboxFault, match=r"secret\.jsonl is no file of documents"):
        examine()
