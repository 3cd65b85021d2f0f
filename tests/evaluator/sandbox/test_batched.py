"""The times of a run that is answered in batches."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from evaluator.contract import Limits
from evaluator.harness.protocol import Frame, Kind, Predict
from evaluator.sandbox import batched
from evaluator.sandbox.examination import Dialogue, Exam


class Clockwork:
    """A dialogue whose frames come at given seconds, each with as many examples as it has bytes."""

    def __init__(self, *frames: tuple[float, Frame]) -> None:
        self.limits = Limits()
        self.job = SimpleNamespace(place=lambda _source, _name: None)
        self.mount = "/job"
        self.now = 0.0
        self._frames = list(frames)

    def ask(self, command: Predict) -> float:
        return self.now

    def answer(self, run: bytes, deadline: float) -> Frame:
        self.now, frame = self._frames.pop(0)
        return frame

    def end_run(self, run: bytes) -> None:
        pass


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        # 10 examples a second, answered as they come.
        ([1.0, 2.0, 3.0], [0.1, 0.1, 0.1]),
        # Held back and sent together: the first batch tells how long it took.
        ([3.0, 3.0, 3.0], [0.3, 0.15, 0.1]),
    ],
)
def test_answers_held_back_look_no_faster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arrivals: list[float], expected: list[float]
) -> None:
    frames = [(at, Frame(Kind.PREDICTIONS, b"", bytes(10))) for at in arrivals]
    dialogue = Clockwork(*frames, (3.5, Frame(Kind.DONE, b"")))
    monkeypatch.setattr(batched, "time", SimpleNamespace(monotonic=lambda: dialogue.now))
    exam = Exam(inputs=tmp_path / "inputs.npy", placed="inputs.npy", seconds=9, output=None)

    seconds, latencies = batched.put_inputs(
        cast(Dialogue, cast(Any, dialogue)), exam, Kind.PREDICTIONS, len
    )

    assert seconds == 3.5
    assert latencies == pytest.approx(expected)
