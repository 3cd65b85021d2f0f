"""Attacks on the result channel: whoever shares the harness' process can write to it."""

from collections.abc import Callable

import numpy as np
import pytest

from evaluator.contract import Failure, Stage
from evaluator.harness.protocol import FrameReader
from evaluator.sandbox.conversation import Conversation
from evaluator.sandbox.exchange import Exchange
from tests.attacks.proving_ground import MEBIBYTE, Hostile, ProvingGround
from tests.attacks.worker_memory import watched_growth

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

# Whole answers, in order but for the one thing that the host has to check. Whoever exits after them
# keeps the harness from answering too.
EARLY = """
say(LOADED); say(PREDICTIONS, rows(8)); say(DONE); say(PREDICTIONS, rows(600)); say(DONE)
os._exit(0)
"""
LATE = """
if not hidden:
    channels, run = hold()
    def repeat():
        while not os.path.exists("/job/hidden.npy"):
            time.sleep(0.005)
        channels.send(protocol.Frame(PREDICTIONS, run, rows(600)))
        channels.send(protocol.Frame(DONE, run))
        os._exit(0)
    threading.Thread(target=repeat, daemon=True).start()
else:
    time.sleep(60)
"""
TOO_LARGE = """
channels, run = hold()
channels.results.write(protocol.HEADER.pack(PREDICTIONS, run, 2**26))
for _ in range(2**6):
    channels.results.write(bytes(2**20))
channels.results.flush()
time.sleep(60)
"""
NAN = "say(PREDICTIONS, rows(600, value=float('nan'))); say(DONE); os._exit(0)"
OF_ANOTHER_RUN = "say(PREDICTIONS, rows(600), run=bytes(8)); say(DONE, run=bytes(8)); os._exit(0)"
TWICE = (
    "say(PREDICTIONS, rows(600)); say(DONE); say(PREDICTIONS, rows(600)); say(DONE); os._exit(0)"
)
GARBAGE = """hold()[0].results.write(b"garbage" * 100)
    say(PREDICTIONS, rows(600)); say(DONE); os._exit(0)"""

INVALID, LARGE = Failure.INVALID_PREDICTIONS, Failure.OUTPUT_TOO_LARGE
AT_LOAD = {
    "garbage": (RAW.format(data='b"garbage" * 100'), INVALID, Stage.STARTING),
    "too large": (TOO_LARGE, LARGE, Stage.STARTING),
    "endless": (RAW.format(data="bytes(64) * 2**20"), INVALID, Stage.STARTING),
    "ready again": ("say(protocol.Kind.READY)", INVALID, Stage.STARTING),
    "loaded with a payload": ("say(LOADED, b'x')", INVALID, Stage.STARTING),
    "loaded twice": ("say(LOADED)", INVALID, Stage.SMOKE),
    "predictions before they are asked for": (EARLY, INVALID, Stage.SMOKE),
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
    "not a number": (NAN, INVALID),
    "infinity": ("say(PREDICTIONS, rows(1, value=float('inf')))", INVALID),
    "done too early": ("say(DONE)", INVALID),
    "done with a payload": ("say(PREDICTIONS, rows(8)); say(DONE, b'x')", INVALID),
    "loaded again": ("say(LOADED)", INVALID),
    "another run": (OF_ANOTHER_RUN, INVALID),
    "twice": (TWICE, INVALID),
    "garbage before it": (GARBAGE, INVALID),
    "wrong shape returned": ("scores = scores[:, :2]", INVALID),
    "NaN returned": ("scores[0] = float('nan')", INVALID),
    "a list of nothing returned": ("scores = []", INVALID),
    "text returned": ("scores = 'first class'", INVALID),
}


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
    result = guarded.attack(Hostile(top=HOLD, predict=LATE))

    assert (result.failure, result.failed_stage) == (INVALID, Stage.HIDDEN)


def test_twice(guarded: ProvingGround) -> None:
    """The harness' own answer comes after the model's."""
    twice = "if hidden and len(inputs) < 256:\n    say(PREDICTIONS, rows(88)); say(DONE)"
    result = guarded.attack(Hostile(top=HOLD, predict=twice))

    assert (result.failure, result.failed_stage) == (INVALID, Stage.HIDDEN)
    assert list(guarded.output.iterdir()) == []


def test_honest_output_over_the_limit(quick: ProvingGround) -> None:
    result = quick.attack(Hostile(), output_bytes=4096)

    assert (result.failure, result.failed_stage) == (LARGE, Stage.HIDDEN)
    assert result.failure_detail == "The predictions have more than 4096 bytes."


def believe_any_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conversation, "_checked", lambda _self, frame, _run: frame)


def believe_any_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluator.sandbox.outputs.np.isfinite", np.ones_like)


def leave_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exchange, "leave", lambda _self: None)


def skip_what_is_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FrameReader.feed
    lenient = lambda reader, data: feed(reader, data.lstrip(b"garbage"))  # noqa: E731
    monkeypatch.setattr(FrameReader, "feed", lenient)


def in_hidden_run(payload: str) -> dict[str, str]:
    return {"predict": f"if hidden:\n    {payload}"}


BELIEVED: dict[str, tuple[dict[str, str], Callable[[pytest.MonkeyPatch], None]]] = {
    "early": ({"load": EARLY}, believe_any_run),
    "late": ({"predict": LATE}, believe_any_run),
    "of another run": (in_hidden_run(OF_ANOTHER_RUN), believe_any_run),
    "not a number": (in_hidden_run(NAN), believe_any_number),
    "twice": (in_hidden_run(TWICE), leave_unheard),
    "garbage": (in_hidden_run(GARBAGE), skip_what_is_no_frame),
}


@pytest.mark.parametrize("name", BELIEVED)
def test_a_host_that_believes_would_take_it(
    quick: ProvingGround, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same words, to a host without that one check."""
    payload, believe = BELIEVED[name]
    believe(monkeypatch)
    result = quick.attack(Hostile(top=HOLD, **payload))
    monkeypatch.undo()

    assert result.failure is None
    assert result.predictions is not None
    assert np.isnan(np.load(result.predictions)).any() == (name == "not a number")


def test_a_host_without_a_limit_would_take_what_is_too_large(
    quick: ProvingGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = Hostile(top=HOLD, load=TOO_LARGE)
    with watched_growth() as growth:
        assert quick.attack(hostile).failure is LARGE
    assert growth.bytes < 16 * MEBIBYTE

    monkeypatch.setattr("evaluator.harness.protocol.FRAME_LIMIT", 2**32)
    with watched_growth() as growth:
        assert quick.attack(hostile).failure is INVALID
    assert growth.bytes > 64 * MEBIBYTE


def test_silence(guarded: ProvingGround) -> None:
    """A model that closes all channels and lives on is ended by the clock."""
    close = "if hidden:\n    os.closerange(0, 64)\n    time.sleep(60)"
    result = guarded.attack(Hostile(top=HOLD, predict=close), hidden_seconds=1)

    assert (result.failure, result.failed_stage) == (Failure.TIMED_OUT, Stage.HIDDEN)
