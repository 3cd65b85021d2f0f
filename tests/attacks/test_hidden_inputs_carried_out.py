"""Attacks that carry hidden inputs out, by every word that a model has."""

from typing import Any

import pytest

from evaluator.contract import Failure, Stage
from evaluator.failure_sentences import sentence_of
from evaluator.harness.protocol import Complaint
from evaluator.sandbox.conversation import HIDDEN_FAILURES_OF_CODE
from tests.attacks.carriers import CARRIERS, carrying, forms_of
from tests.attacks.proving_ground import CANARY, LIMITS, Hostile, ProvingGround
from tests.attacks.test_protocol_abuse import HOLD, RAW

pytestmark = pytest.mark.docker

ENDINGS = {
    **{f"complaint {word}": f"say(FAILED, b'{word}')" for word in Complaint},
    "exception": "raise ValueError",
    "abort": "os.abort()",
    "memory": "held = bytearray(2**30); held[::4096] = bytes([1]) * len(held[::4096])",
    "time": "time.sleep(60)",
    "garbage": RAW.format(data='b"garbage" * 100'),
    "frame too large": RAW.format(data="protocol.HEADER.pack(3, run, 2**32 - 1)"),
    "wrong shape": "scores = scores[:, :2]",
    "another run": "say(PREDICTIONS, rows(8), run=bytes(8))",
    "log": "print('x' * 2**20, flush=True)",
}
"""All words of the protocol that a model can say in a hidden run, and every other way to end."""


@pytest.mark.parametrize("carrier", CARRIERS)
def test_nothing_reaches_the_participant(quick: ProvingGround, carrier: str) -> None:
    result = quick.attack(carrying(carrier))

    told = f"{result.smoke_log} {result.failure_detail} {result.failure}"
    assert not [form for form in forms_of(CANARY) if form in told]
    assert "73" not in told
    assert result.smoke_log == ""
    # The control: the carrier works, and hosts see what it carried.
    assert f"{CANARY}" in result.host_log
    if carrier == "other forms":
        assert not [form for form in forms_of(CANARY) if form not in result.host_log]


@pytest.mark.parametrize("run", ["smoke", "hidden"])
def test_a_log_does_not_speak_to_a_terminal(quick: ProvingGround, run: str) -> None:
    """Hosts and participants read logs in terminals: what commands one, or turns text around."""
    commands = ["\x1b]0;x\x07", "\x9b2J", "\b", "\u202e"]
    condition = "hidden" if run == "hidden" else "not hidden"
    spoken = f"if {condition}: print('before', *{commands!a}, 'after')"
    result = quick.attack(Hostile(predict=spoken))

    log = result.host_log if run == "hidden" else result.smoke_log
    assert log.startswith("before")
    assert log.endswith("after\n")
    assert log.replace("\n", "").isprintable()


def test_the_smoke_run_is_told(quick: ProvingGround) -> None:
    """The control of the log: the same words on the public inputs do reach the participant."""
    result = quick.attack(Hostile(predict="if not hidden: raise RuntimeError(f'{inputs[0, 0]}')"))

    assert (result.failure, result.failed_stage) == (Failure.CRASHED, Stage.SMOKE)
    assert "RuntimeError: 0.0" in result.smoke_log
    assert result.host_log == ""


def test_details_do_not_tell_failures_apart(quick: ProvingGround) -> None:
    """How a hidden run fails tells one of six things, and success a seventh: less than three bits
    a submission. However a model fails, its failure has one sentence, which the competition's
    limits complete. Language modelling has two failures more.
    """
    told = set()
    for name, body in ENDINGS.items():
        limits: dict[str, Any] = {"hidden_seconds": 1} if name == "time" else {}
        hidden = "\n".join("    " + line for line in body.splitlines())
        result = quick.attack(Hostile(top=HOLD, predict=f"if hidden:\n{hidden}"), **limits)
        failure, used = result.failure, LIMITS.model_copy(update=limits)
        assert failure is not None, name
        assert result.failed_stage is Stage.HIDDEN
        assert result.failure_detail == sentence_of(failure, Stage.HIDDEN, used)
        told.add(failure)

    assert told == {
        Failure.OUT_OF_MEMORY,
        Failure.TIMED_OUT,
        Failure.CRASHED,
        Failure.INVALID_PREDICTIONS,
        Failure.OUTPUT_TOO_LARGE,
        Failure.LOG_TOO_LARGE,
    }
    assert told | {Failure.NOT_NORMALISED, Failure.IMPOSSIBLE_BYTE} == HIDDEN_FAILURES_OF_CODE


def test_progress_tells_nothing(quick: ProvingGround) -> None:
    """Of a hidden run nobody is told how far it is: batches at a rhythm of the model's own choice
    leave the stages that an honest one leaves."""
    rhythm = "if hidden: import time; time.sleep(int(str(inputs[0, 0])[0]) / 20)"
    told: list[list[Stage]] = []

    def watch(stage: Stage) -> None:
        if stage not in told[-1]:
            told[-1].append(stage)

    for hostile in (Hostile(), Hostile(predict=rhythm)):
        told.append([])
        result = quick.attack(hostile, watch=watch)
        assert result.failure is None
    assert told[0] == told[1] == [Stage.STARTING, Stage.SMOKE, Stage.HIDDEN]
    # The control: the rhythm was kept, and measured.
    assert result.measurements.hidden_seconds is not None
    assert result.measurements.hidden_seconds > 3 * 7 / 20


def test_hidden_inputs_are_absent_before(guarded: ProvingGround) -> None:
    look = Hostile(
        load="print('LOAD', os.listdir('/job'))",
        predict="if not hidden: print('SMOKE', os.listdir('/job'))",
    )
    result = guarded.attack(look)

    assert result.failure is None
    assert "hidden" not in result.smoke_log
    assert "smoke.npy" in result.smoke_log
