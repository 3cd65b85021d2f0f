"""What a worker does as it starts."""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import SecretStr

from evaluator.contract import Role
from evaluator.sandbox.base import SandboxUnavailable
from evaluator.sandbox.fallback_sandbox import FallbackSandbox
from evaluator.worker.config import WorkerConfig
from evaluator.worker.runtime import Runtime, ScratchInUse, configured_sandbox
from tests.evaluator.worker.fake_platform import KEY, FakePlatform
from tests.support.missing import missing


def test_presence_tells_what_a_worker_offers_and_is_repeated_until_heard(
    platform: FakePlatform, started: Callable[..., Runtime]
) -> None:
    platform.fail("POST", "/presence", 0, 503)
    started(Role.PREDICT, slots=2)
    platform.wait(lambda: len(platform.said("/presence")) == 3)
    said = platform.said("/presence")[-1]
    assert said.authorization == f"Bearer {KEY}"
    assert said.json | {"version": ""} == {
        "worker": "tester",
        "role": "predict",
        "profile": "cpu",
        "slots": 2,
        "strength": "fallback",
        "formats": ["onnx", "predictions"],
        "machine": {"cpus": 2, "memory_bytes": 4 * 1024**3, "gpu": None},
        "hindrance": "",
        "version": "",
    }


def test_two_workers_can_not_share_a_scratch_folder(started: Callable[..., Runtime]) -> None:
    first = started(Role.PREDICT)
    with pytest.raises(ScratchInUse, match="MINIGIANTS_WORKER_SCRATCH"):
        started(Role.PREDICT)
    first.stop()
    started(Role.PREDICT)


def test_a_start_clears_what_a_dead_worker_left(
    started: Callable[..., Runtime], tmp_path: Path
) -> None:
    left = tmp_path / "scratch" / "jobs" / "old"
    left.mkdir(parents=True)
    started(Role.PREDICT)
    assert not left.exists()


def test_a_start_with_fewer_slots_clears_what_all_left(tmp_path: Path) -> None:
    config = WorkerConfig(
        role=Role.PREDICT,
        key=SecretStr(KEY),
        cache=tmp_path / "cache",
        scratch=tmp_path,
        platform_url="http://nowhere",
        broker_url=SecretStr("redis://nowhere"),
        sandbox="fallback",
        fork_servers=2,
    )
    try:
        second = configured_sandbox(config, slot=1)
    except SandboxUnavailable as unavailable:
        missing("The fallback sandbox", str(unavailable))
    assert isinstance(second, FallbackSandbox)
    assert second._supply._servers._size == 2
    left = second._workspace._folder
    second._supply.close()
    os.close(second._workspace._lock)  # as its worker's death does

    with closing(configured_sandbox(config, slot=0)):
        assert not left.exists()
