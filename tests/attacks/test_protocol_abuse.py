"""Attacks on the result channel: whoever shares the harness' process can write to it."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluator.contract import Failure, Stage
from evaluator.sandbox.conversation import Conversation
from tests.attacks.proving_ground import Hostile, ProvingGround

pytestmark = pytest.mark.docker

HOLD = """
import struct, threading, time
from evaluator.harness import protocol

def hold():
    \"\"\"The harness' own channel and the run that is being answered, from its frames.\"\"\"
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channels"):
        frame = frame.f_back
    return frame.f_locals["self"]._channels, frame.f_locals["command"].run

def say(kind, payload=b"", run=None):
    channels, asked = hold()
    channels.send(protocol.Frame(kind, run or asked, payload))

def rows(count, columns=3, value=0.0, told=None):
    return struct.pack("!II", told or count, columns) + struct.pack("<f", value) * count * columns

LOADED, PREDICTIONS = protocol.Kind.LOADED, protocol.Kind.PREDICTIONS
DONE, FAILED = protocol.Kind.DONE, protocol.Kind.FAILED
"""
RAW = """
channels, run = hold()
channels.results.write({data})
channels.results.flush()
time.sleep(5)
"""

INVALID, LARGE = Failure.INVALID_PREDICTIONS, Failure.OUTPUT_TOO_LARGE
AT_LOAD = {
    "garbage": (RAW.format(data='b"garbage" * 100'), INVALID, Stage.STARTING),
    "too large": (
        RAW.format(data="protocol.HEADER.pack(3, run, 2**32 - 1)"),
        LARGE,
        Stage.STARTING,
    ),
    "endless": (RAW.format(data="bytes(64) * 2**20"), INVALID, Stage.STARTING),
    "ready again": ("say(protocol.Kind.READY)", INVALID, Stage.STARTING),
    "loaded with a payload": ("say(LOADED, b'x')", INVALID, Stage.STARTING),
    "loaded twice": ("say(LOADED)", INVALID, Stage.SMOKE),
    "predictions before they are asked for": (
        "say(LOADED); say(PREDICTIONS, rows(8)); say(DONE)",
        INVALID,
        Stage.SMOKE,
    ),
    "an unknown complaint": ("say(FAILED, b'no such complaint')", INVALID, Stage.STARTING),
    "a complaint that is no text": ("say(FAILED, bytes(range(256)))", INVALID, Stage.STARTING),
    "a complaint of other formats": ("say(FAILED, b'not_causal')", INVALID, Stage.STARTING),
}
IN_PREDICT = {
    "no rows": ("say(PREDICTIONS, rows(0))", INVALID),
    "no header": ("say(PREDICTIONS, b'')", INVALID),
    "more rows than examples": ("say(PREDICTIONS, rows(1000))", INVALID),
    "more rows told than sent": ("say(PREDICTIONS, rows(1, told=2))", INVALID),
    "fewer rows told than sent": ("say(PREDICTIONS, rows(2, told=1))", INVALID),
    "wrong columns": ("say(PREDICTIONS, rows(1, columns=4))", INVALID),
    "not a number": ("say(PREDICTIONS, rows(1, value=float('nan')))", INVALID),
    "infinity": ("say(PREDICTIONS, rows(1, value=float('inf')))", INVALID),
    "done too early": ("say(DONE)", INVALID),
    "done with a payload": ("say(PREDICTIONS, rows(8)); say(DONE, b'x')", INVALID),
    "loaded again": ("say(LOADED)", INVALID),
    "another run": ("say(PREDICTIONS, rows(8), run=bytes(8))", INVALID),
    "wrong shape returned": ("scores = scores[:, :2]", INVALID),
    "NaN returned": ("scores[0] = float('nan')", INVALID),
    "a list of nothing returned": ("scores = []", INVALID),
    "text returned": ("scores = 'first class'", INVALID),
}


BELIEVED = {
    "no number": "say(PREDICTIONS, rows(88, value=float('nan'))); say(DONE); os._exit(0)",
    "another run": (
        "say(PREDICTIONS, rows(88), run=bytes(8)); say(DONE, run=bytes(8)); os._exit(0)"
    ),
}
"""Answers that are whole and in order, but for the one thing that the host has to check."""


@pytest.mark.parametrize("name", AT_LOAD)
def test_at_load(quick: ProvingGround, name: str) -> None:
    payload, failure, stage = AT_LOAD[name]
    result = quick.attack(Hostile(top=HOLD, load=payload))

    assert (result.failure, result.failed_stage) == (failure, stage)
    assert result.predictions is None


@pytest.mark.parametrize("name", IN_PREDICT)
def test_in_the_hidden_run(quick: ProvingGround, name: str) -> None:
    payload, failure = IN_PREDICT[name]
    result = quick.attack(Hostile(top=HOLD, predict=f"if hidden:\n    {payload}"))

    assert (result.failure, result.failed_stage) == (failure, Stage.HIDDEN)
    assert list(quick.output.iterdir()) == []


def test_too_late(guarded: ProvingGround) -> None:
    """What answers the smoke run does not fit the hidden one, however late it comes."""
    late = """
if not hidden:
    channels, run = hold()
    def repeat():
        while not os.path.exists("/job/hidden.npy"):
            time.sleep(0.005)
        channels.send(protocol.Frame(PREDICTIONS, run, rows(600)))
        channels.send(protocol.Frame(DONE, run))
    threading.Thread(target=repeat, daemon=True).start()
else:
    time.sleep(2)
"""
    result = guarded.attack(Hostile(top=HOLD, predict=late))

    assert (result.failure, result.failed_stage) == (INVALID, Stage.HIDDEN)


def test_twice(guarded: ProvingGround) -> None:
    twice = "if hidden and len(inputs) < 256:\n    say(PREDICTIONS, rows(88)); say(DONE)"
    result = guarded.attack(Hostile(top=HOLD, predict=twice))

    assert (result.failure, result.failed_stage) == (INVALID, Stage.HIDDEN)
    assert list(guarded.output.iterdir()) == []


def test_honest_output_over_the_limit(quick: ProvingGround) -> None:
    result = quick.attack(Hostile(), output_bytes=4096)

    assert (result.failure, result.failed_stage) == (LARGE, Stage.HIDDEN)
    assert result.failure_detail == "The predictions have more than 4096 bytes."


def test_the_channel_can_be_held(without: Callable[..., ProvingGround]) -> None:
    """The control: frames of the model's own reach the host; only the host's checks stop them."""
    forged = """
if hidden and len(inputs) < 256:
    say(PREDICTIONS, rows(88)); say(DONE)
    os._exit(0)
"""
    result = without().attack(Hostile(top=HOLD, predict=forged))

    assert result.failure is None


@pytest.mark.parametrize("name", BELIEVED)
def test_a_host_that_believes_would_take_it(
    quick: ProvingGround, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same words, to a host without that one check."""
    hostile = Hostile(top=HOLD, predict=f"if hidden and len(inputs) < 256:\n    {BELIEVED[name]}")
    assert quick.attack(hostile).failure is INVALID

    monkeypatch.setattr(Conversation, "_checked", lambda _self, frame, _run: frame)
    monkeypatch.setattr("evaluator.sandbox.outputs.np.isfinite", np.ones_like)
    result = quick.attack(hostile)
    monkeypatch.undo()

    assert result.failure is None
    assert result.predictions is not None
    assert np.isnan(np.load(result.predictions)).any() == (name == "no number")


def test_silence(guarded: ProvingGround) -> None:
    """A model that closes all channels and lives on is ended by the clock."""
    close = "if hidden:\n    os.closerange(0, 64)\n    time.sleep(60)"
    result = guarded.attack(Hostile(top=HOLD, predict=close), hidden_seconds=1)

    assert (result.failure, result.failed_stage) == (Failure.TIMED_OUT, Stage.HIDDEN)
