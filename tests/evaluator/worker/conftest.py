"""What the worker's tests work with: a platform over HTTP, a real Redis, a started worker."""

import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from evaluator.contract import Role
from evaluator.worker.config import WorkerConfig
from evaluator.worker.runtime import Runtime
from tests.evaluator.worker.fake_platform import KEY, FakePlatform, handler_for
from tests.evaluator.worker.jobs import ScriptedSandbox, answered
from tests.evaluator.worker.own_redis import RedisServer


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What this process logs, as a list of events instead of output."""
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    """A platform of its own for the test."""
    state = FakePlatform(url="")
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(state))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sandbox() -> ScriptedSandbox:
    return ScriptedSandbox(lambda request, on_stage: answered(request))


@pytest.fixture
def started(
    platform: FakePlatform, tmp_path: Path, sandbox: ScriptedSandbox
) -> Iterator[Callable[..., Runtime]]:
    """Start a worker of a role in this process."""
    runtimes: list[Runtime] = []

    def start(role: Role, **settings: Any) -> Runtime:
        values: dict[str, Any] = {
            "role": role,
            "key": SecretStr(KEY),
            "name": "tester",
            "cache": tmp_path / "cache",
            "scratch": tmp_path / "scratch",
            "platform_url": platform.url,
            "broker_url": SecretStr("redis://nowhere"),
        }
        config = WorkerConfig(**{**values, **settings})
        runtimes.append(Runtime(config, make_sandbox=lambda config, slot: sandbox))
        runtimes[-1].start()
        return runtimes[-1]

    yield start
    for runtime in runtimes:
        runtime.stop()
