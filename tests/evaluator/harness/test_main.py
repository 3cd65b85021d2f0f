"""The harness as a process: the words that it answers, and where a model's own words go."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from evaluator.harness.commands import encode_command
from evaluator.harness.protocol import (
    NO_RUN,
    ROWS,
    VERSION,
    Command,
    End,
    Frame,
    FrameReader,
    Kind,
    Load,
    Predict,
    log_marker,
)
from tests.evaluator.harness.onnx_models import linear, save

ONE, TWO = b"run one.", b"run two."
SETTINGS = {"classes": 3, "input": {"shape": [4], "dtype": "float32"}}
READY = Frame(Kind.READY, NO_RUN, bytes([VERSION]))

EXHAUST = (
    "import resource, torch; resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); "
    "torch.empty(2**33)"
)
"""Have torch's allocator fail, as it does in the embedded fallback."""

WARM_UP = """
import sys
import evaluator.harness.service
from evaluator.harness.runners import runner_for
runner_for("onnx", threads=1).warm_up()
print("torch" in sys.modules)
"""


@dataclass
class Told:
    frames: list[Frame]
    log: bytes
    status: int


def tell(format_name: str, *commands: Command) -> Told:
    done = subprocess.run(
        [sys.executable, "-m", "evaluator.harness", "--format", format_name, "--warm"]
        if format_name == "onnx"
        else [sys.executable, "-m", "evaluator.harness", "--format", format_name],
        input=b"".join(encode_command(command) for command in commands),
        capture_output=True,
        check=False,
        timeout=60,
    )
    return Told(FrameReader().feed(done.stdout), done.stderr, done.returncode)


def load(folder: Path) -> Load:
    return Load(
        run=ONE, folder=str(folder), task_type="classification", task_settings=SETTINGS, seed=1
    )


def model(folder: Path, body: str, *, at_load: str = "pass") -> Path:
    (folder / "model.py").write_text(
        f"import os, sys, random\nimport numpy as np\n"
        f"class Model:\n    def predict(self, inputs):\n        {body}\n"
        f"def load(folder, device):\n    {at_load}\n    return Model()\n"
    )
    return folder


def inputs(folder: Path, examples: int = 5) -> Path:
    path = folder / "inputs.npy"
    np.save(path, np.arange(4 * examples, dtype=np.float32).reshape(examples, 4))
    return path


def test_answers_in_batches(tmp_path: Path) -> None:
    weights = np.arange(12, dtype=np.float32).reshape(4, 3)
    given = inputs(tmp_path)
    told = tell(
        "onnx",
        load(save(linear(weights), tmp_path / "model")),
        Predict(run=TWO, inputs=str(given), batch_size=2),
        End(),
    )

    kinds = [frame.kind for frame in told.frames]
    assert kinds == [Kind.READY, Kind.LOADED, *[Kind.PREDICTIONS] * 3, Kind.DONE]
    assert told.frames[0] == READY
    assert [frame.run for frame in told.frames[1:]] == [ONE, TWO, TWO, TWO, TWO]
    rows = [
        np.frombuffer(frame.payload[ROWS.size :], dtype="<f4").reshape(
            ROWS.unpack_from(frame.payload)
        )
        for frame in told.frames[2:-1]
    ]
    np.testing.assert_allclose(np.concatenate(rows), np.load(given) @ weights)
    assert told.status == 0


def test_the_end_of_commands_is_the_end() -> None:
    told = tell("python")
    assert (told.frames, told.status) == ([READY], 0)


def test_output_of_the_model_goes_to_the_log(tmp_path: Path) -> None:
    body = "print('printed'); os.write(1, b'written'); return inputs[:, :3]"
    told = tell(
        "python", load(model(tmp_path, body)), Predict(run=TWO, inputs=str(inputs(tmp_path)))
    )

    assert [frame.kind for frame in told.frames][-1] is Kind.DONE
    assert b"printed\nwritten" in told.log
    assert told.log.endswith(log_marker(TWO))


def test_commands_are_out_of_reach_of_input(tmp_path: Path) -> None:
    body = "assert sys.stdin.read() == ''; return inputs[:, :3]"
    told = tell(
        "python", load(model(tmp_path, body)), Predict(run=TWO, inputs=str(inputs(tmp_path)))
    )

    assert [frame.kind for frame in told.frames][-1] is Kind.DONE


def test_the_seed_makes_runs_alike(tmp_path: Path) -> None:
    body = "print(random.random(), np.random.random()); return inputs[:, :3]"
    predict = Predict(run=TWO, inputs=str(inputs(tmp_path)))
    told = tell("python", load(model(tmp_path, body)), predict, predict)

    lines = [line for line in told.log.splitlines() if line.startswith(b"0.")]
    assert len(lines) == 2
    assert lines[0] == lines[1]


@pytest.mark.parametrize(
    ("body", "at_load", "complaint", "log"),
    [
        ("pass", "raise KeyError('weights')", b"load_failed", b"KeyError: 'weights'"),
        ("pass", "sys.exit(3)", b"load_failed", b"SystemExit: 3"),
        ("pass", "raise MemoryError", b"out_of_memory", b"MemoryError"),
        ("pass", EXHAUST, b"out_of_memory", b"DefaultCPUAllocator"),
        (EXHAUST, "pass", b"out_of_memory", b"DefaultCPUAllocator"),
        ("raise ValueError('no')", "pass", b"predict_failed", b"ValueError: no"),
        ("raise KeyboardInterrupt", "pass", b"predict_failed", b"KeyboardInterrupt"),
        ("return inputs", "pass", b"wrong_output", b"of shape [5, 3] in floating point"),
    ],
)
def test_failures_have_a_word_and_a_log(
    tmp_path: Path, body: str, at_load: str, complaint: bytes, log: bytes
) -> None:
    folder = model(tmp_path, body, at_load=at_load)
    told = tell("python", load(folder), Predict(run=TWO, inputs=str(inputs(tmp_path))), End())

    assert told.frames[-1].kind is Kind.FAILED
    assert told.frames[-1].payload == complaint
    assert log in told.log
    assert told.log.endswith(log_marker(told.frames[-1].run))
    assert told.status == 1


def without_gpu(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evaluator.harness", "--device", "cuda", *arguments],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_gpu_is_told_before_there_is_a_model() -> None:
    done = without_gpu("--format", "python")

    assert (done.returncode, done.stdout) == (1, "")
    assert "finds no GPU" in done.stderr


def test_no_fork_is_given_a_gpu() -> None:
    done = without_gpu("--format", "onnx", "--serve")

    assert (done.returncode, done.stdout) == (2, "")
    assert "a fork opens no file to write" in done.stderr


def test_onnx_never_imports_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARM_UP],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
