"""Predicting, from a claimed job to its report, against a platform over HTTP."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import Failure, Role, Stage
from evaluator.sandbox.base import OnStage, SandboxFault, SandboxRequest, SandboxResult
from evaluator.worker.runtime import Runtime
from tests.evaluator.worker.fake_platform import TOKEN, FakePlatform
from tests.evaluator.worker.jobs import (
    EVALUATION,
    SCORES,
    Behaviour,
    ScriptedSandbox,
    answered,
    npy,
    offer_predict,
)


def test_predictions_are_stored_and_reported(
    platform: FakePlatform,
    started: Callable[..., Runtime],
    sandbox: ScriptedSandbox,
    tmp_path: Path,
) -> None:
    seen: dict[str, bytes] = {}

    def look(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        for file in request.model_folder.rglob("*"):
            if file.is_file():
                seen[str(file.relative_to(request.model_folder))] = file.read_bytes()
        assert request.seed == 3
        assert not any(request.output_folder.iterdir())
        return answered(request)

    sandbox.behaviour = look
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert seen == {"model.onnx": b"the model", "extra/config.json": b"{}"}
    [report] = platform.reports()
    [(path, stored)] = platform.uploads.items()
    assert path == f"/api/v1/worker/evaluations/{EVALUATION}/upload"
    assert stored == npy(SCORES)
    assert report["predictions"]["size"] == len(stored)
    assert report["failure"] is None
    assert report["report_token"] == TOKEN
    assert report["smoke_log"] == "hello"
    assert report["measurements"]["load_seconds"] == 0.5
    assert list((tmp_path / "scratch" / "jobs").iterdir()) == []


def test_the_second_evaluation_fetches_inputs_from_the_cache(
    platform: FakePlatform, started: Callable[..., Runtime]
) -> None:
    runtime = started(Role.PREDICT)
    for _ in range(2):
        offer_predict(platform)
        runtime.evaluate(EVALUATION, 1)
    assert len(platform.reports()) == 2
    assert len(platform.said("/blobs/hidden.npy/signed-secret")) == 1


def test_a_format_that_needs_a_container_is_told_before_anything_is_fetched(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    offer_predict(platform, format="python")
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.NEEDS_CONTAINER
    assert sandbox.requests == []
    assert not any(said.method == "GET" for said in platform.heard)


def test_what_the_machine_can_not_hold_is_our_fault(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    offer_predict(platform, limits={"memory_bytes": sandbox.machine.memory_bytes + 1})
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert report["failure"] == Failure.WORKER_FAULT
    assert "this machine has 4294967296" in report["failure_detail"]
    assert sandbox.requests == []


def test_a_failure_of_the_model_is_reported_as_it_is(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    sandbox.behaviour = lambda request, on_stage: answered(
        request,
        failure=Failure.TIMED_OUT,
        failed_stage=Stage.HIDDEN,
        failure_detail="600 seconds",
        predictions=None,
        smoke_log="a\0b" + "x" * 100_000 + "end",
    )
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert (report["failure"], report["failed_stage"]) == (Failure.TIMED_OUT, Stage.HIDDEN)
    assert report["smoke_log"].startswith("a\ufffdb")
    assert "characters cut" in report["smoke_log"]
    assert report["smoke_log"].endswith("end")
    assert platform.uploads == {}


@pytest.mark.parametrize(
    "content",
    [b"garbage", npy(SCORES[:3]), npy(np.full((4, 2), np.nan)), npy(np.zeros((4, 2), int))],
    ids=["garbage", "too few", "nan", "integers"],
)
def test_invalid_predictions_are_the_models_failure_and_not_stored(
    platform: FakePlatform,
    started: Callable[..., Runtime],
    sandbox: ScriptedSandbox,
    content: bytes,
) -> None:
    sandbox.behaviour = lambda request, on_stage: answered(request, content)
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.INVALID_PREDICTIONS
    assert platform.uploads == {}


def broken(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
    raise SandboxFault("the engine is gone")


def buggy(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
    raise KeyError("something private")


@pytest.mark.parametrize(
    ("behaviour", "says"), [(broken, "the engine is gone"), (buggy, "KeyError; the worker's log")]
)
def test_our_faults_are_reported_as_ours(
    platform: FakePlatform,
    started: Callable[..., Runtime],
    sandbox: ScriptedSandbox,
    behaviour: Behaviour,
    says: str,
) -> None:
    sandbox.behaviour = behaviour
    offer_predict(platform)
    runtime = started(Role.PREDICT)
    runtime.evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert report["failure"] == Failure.WORKER_FAULT
    assert says in report["failure_detail"]
    assert "private" not in json.dumps(report)
    sandbox.behaviour = lambda request, on_stage: answered(request)
    offer_predict(platform)
    runtime.evaluate(EVALUATION, 1)
    assert platform.reports()[1]["failure"] is None


def test_a_file_that_is_not_what_was_signed_is_our_fault(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    offer_predict(platform)
    platform.blobs["/blobs/model.onnx/signed-secret"] = b"another model"[:9]
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.WORKER_FAULT
    assert sandbox.requests == []


@pytest.mark.parametrize("path", ["../escaped", "/tmp/escaped", "a/../../escaped", "."])
def test_no_path_leaves_the_jobs_folder(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox, path: str
) -> None:
    offer_predict(platform, artifact=[{**platform.blob("x", b"x"), "path": path}])
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.WORKER_FAULT
    assert sandbox.requests == []
    assert not Path("/tmp/escaped").exists()


def test_a_file_of_results_is_passed_on_and_nothing_is_run(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    results = b"id,label\na,0\n"
    offer_predict(
        platform,
        format="predictions",
        artifact=[platform.blob("predictions.csv", results)],
        smoke_inputs=None,
        hidden_inputs=None,
    )
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    [report] = platform.reports()
    assert (report["failure"], report["measurements"], report["smoke_log"]) == (None, None, "")
    assert list(platform.uploads.values()) == [results]
    assert sandbox.requests == []


def test_a_model_without_inputs_is_our_fault(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    offer_predict(platform, hidden_inputs=None)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.WORKER_FAULT
    assert sandbox.requests == []


def test_inputs_of_text_keep_their_ending_and_all_settings_go_along(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    answers = b'{"text": "b"}\n'
    sandbox.behaviour = lambda request, on_stage: answered(request, answers)
    offer_predict(
        platform,
        task={
            "type": "generation",
            "settings": {"input": {"text": {"max_bytes": 9}}, "max_bytes": 9},
        },
        smoke_inputs=platform.blob("smoke.jsonl", b'{"text": "x"}\n'),
        hidden_inputs=platform.blob("hidden.jsonl", b'{"text": "a"}\n'),
    )
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    [request] = sandbox.requests
    assert (request.smoke_inputs.name, request.hidden_inputs.name) == (
        "smoke_inputs.jsonl",
        "hidden_inputs.jsonl",
    )
    assert request.task.settings["several_references"] is False
    assert platform.reports()[0]["failure"] is None
    assert list(platform.uploads.values()) == [answers]


@pytest.mark.parametrize("name", ["smoke_inputs", "hidden_inputs"])
def test_inputs_that_are_not_what_the_task_says_are_our_fault(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox, name: str
) -> None:
    wrong = platform.blob("wrong.npy", npy(np.zeros((2, 5), np.float32)))
    offer_predict(platform, **{name: wrong})
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] == Failure.WORKER_FAULT
    assert sandbox.requests == []
