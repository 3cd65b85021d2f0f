"""Claims, leases, reports and the end of a worker: when to go on and when to stop."""

import threading
from collections.abc import Callable

import pytest

from evaluator.contract import Failure, Role, Stage
from evaluator.sandbox.base import OnStage, SandboxRequest, SandboxResult
from evaluator.worker.runtime import Runtime
from tests.evaluator.worker.fake_platform import FakePlatform
from tests.evaluator.worker.jobs import (
    EVALUATION,
    ScriptedSandbox,
    answered,
    offer_predict,
    stubborn,
)


def test_a_lost_claim_is_dropped(platform: FakePlatform, started: Callable[..., Runtime]) -> None:
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert len(platform.said("/claim")) == 1
    assert platform.reports() == []


def test_a_claim_is_tried_again_while_nobody_answers(
    platform: FakePlatform, started: Callable[..., Runtime]
) -> None:
    offer_predict(platform)
    platform.fail("POST", "/claim", 0, 503)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert len(platform.said("/claim")) == 3
    assert len({said.body for said in platform.said("/claim")}) == 1
    assert platform.reports()[0]["failure"] is None


def test_a_cancelled_evaluation_stops_the_model_and_says_nothing(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    def cancelled(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        assert on_stage(Stage.HIDDEN)
        platform.proceed = False
        return stubborn(request, on_stage)

    sandbox.behaviour = cancelled
    platform.lease_seconds = 1.0
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.said("/heartbeat")[-1].json["stage"] == Stage.HIDDEN
    assert platform.reports() == []


def test_an_attempt_that_another_has_is_stopped(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    sandbox.behaviour = stubborn
    platform.lease_seconds = 0.3
    platform.fail("POST", "/heartbeat", 409)
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert platform.reports() == []


def test_a_lease_outlives_a_hiccup_and_ends_with_the_connection(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    sandbox.behaviour = stubborn
    platform.lease_seconds = 2.0
    platform.fail("POST", "/heartbeat", 503, None, 0, None, *[0] * 50)
    offer_predict(platform)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert len(platform.said("/heartbeat")) > 4
    assert platform.reports() == []


def test_a_report_is_repeated_until_it_is_heard(
    platform: FakePlatform, started: Callable[..., Runtime]
) -> None:
    offer_predict(platform)
    platform.fail("PUT", "/upload", 502)
    platform.fail("POST", "/report", 0, 503)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert len({said.body for said in platform.said("/report")}) == 1
    assert len(platform.said("/report")) == 3
    assert len(platform.said("/upload")) == 2


@pytest.mark.parametrize("status", [409, 410, 403])
def test_a_report_that_is_refused_is_not_repeated(
    platform: FakePlatform, started: Callable[..., Runtime], status: int
) -> None:
    offer_predict(platform)
    platform.fail("POST", "/report", status)
    started(Role.PREDICT).evaluate(EVALUATION, 1)
    assert len(platform.said("/report")) == 1


def test_after_the_grace_period_a_running_job_is_handed_back(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    sandbox.behaviour = stubborn
    offer_predict(platform)
    runtime = started(Role.PREDICT, grace_seconds=0.1)
    job = threading.Thread(target=runtime.evaluate, args=(EVALUATION, 1))
    job.start()
    platform.wait(lambda: bool(platform.said("/blobs/hidden.npy/signed-secret")))
    runtime.begin_shutdown()
    job.join(20)
    [report] = platform.reports()
    assert report["failure"] == Failure.HANDED_BACK
    assert "shut down" in report["failure_detail"]
    runtime.stop()
    assert sandbox.closed


def test_within_the_grace_period_a_running_job_ends_as_it_would(
    platform: FakePlatform, started: Callable[..., Runtime], sandbox: ScriptedSandbox
) -> None:
    runtime = started(Role.PREDICT, grace_seconds=600)

    def interrupted(request: SandboxRequest, on_stage: OnStage) -> SandboxResult:
        runtime.begin_shutdown()
        assert on_stage(Stage.HIDDEN)
        return answered(request)

    sandbox.behaviour = interrupted
    offer_predict(platform)
    runtime.evaluate(EVALUATION, 1)
    assert platform.reports()[0]["failure"] is None
