"""Pool and fork servers while their engine is restarted: one of this test's own."""

import gc
import io
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import docker
import pytest
from docker.types import Mount

from evaluator.contract import Stage
from evaluator.harness.protocol import VERSION
from evaluator.sandbox import pool, supply
from evaluator.sandbox.base import NotBegun, SandboxFault, SandboxRequest
from evaluator.sandbox.container import OWNER_LABEL, ContainerSettings
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.engine import PROTOCOL_LABEL
from evaluator.sandbox.guest_key import GuestKey
from evaluator.sandbox.python_runtime import PythonRuntime
from evaluator.sandbox.workspace import JobFolder
from tests.support.missing import missing
from tests.support.throwaway_engine import ThrowawayEngine
from tests.support.waiting import wait_for

IMAGE = "minigiants-harness:empty"
KERNELS = ("/dev/", "/proc/", "/sys/")

pytestmark = [
    pytest.mark.docker,
    # The engine's client forgets to close a socket that could not connect.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket"),
]


class BareSandbox(DockerSandbox):
    """Containers of an empty image, into which this machine's Python is mounted."""

    runtime = PythonRuntime.of_this_process()

    def _settings(self, key: GuestKey, job: JobFolder) -> ContainerSettings:
        settings = super()._settings(key, job)
        mounts = [
            Mount(path, source, type="bind", read_only=True)
            for path, source in sorted(self.runtime.binds.items())
            if not path.startswith(KERNELS)
        ]
        container = {
            **settings.container,
            "entrypoint": [self.runtime.interpreter, "-s", "-m"],
            "environment": {
                **settings.container["environment"],
                "PYTHONPATH": self.runtime.search_path,
            },
        }
        host = {**settings.host, "mounts": [*mounts, *settings.host["mounts"]]}
        return replace(settings, container=container, host=host)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThrowawayEngine]:
    if os.geteuid() != 0 or not ThrowawayEngine.is_possible():
        missing("A Docker engine of the test's own", "it takes root and `dockerd`")
    # The path of a socket is short.
    with tempfile.TemporaryDirectory(prefix="minigiants-engine-") as folder:
        engine = ThrowawayEngine(Path(folder))
        engine.start()
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with closing(docker.APIClient(engine.address)) as client:
            client.import_image_from_data(
                _empty_root(), IMAGE.split(":")[0], "empty", [f"LABEL {PROTOCOL_LABEL}={VERSION}"]
            )
        yield engine
        engine.stop()
        gc.collect()  # those sockets, while their warning is ignored: not in some later test


def _empty_root() -> bytes:
    """An archive with nothing but folders to mount on, and the links of this machine's root."""
    root = io.BytesIO()
    with tarfile.open(fileobj=root, mode="w") as archive:
        for name in ("job", "tmp"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for name, target in BareSandbox.runtime.links.items():
            link = tarfile.TarInfo(name.lstrip("/"))
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
    return root.getvalue()


@pytest.fixture
def sandbox(
    engine: ThrowawayEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BareSandbox]:
    monkeypatch.setattr(supply, "PREWARMED", ())
    monkeypatch.setattr(pool, "LONGEST_PAUSE_SECONDS", 0.5)
    with closing(
        BareSandbox(scratch=tmp_path / "scratch", image=IMAGE, runtime="runc", pool=1)
    ) as sandbox:
        yield sandbox


def test_both_survive(
    engine: ThrowawayEngine,
    sandbox: BareSandbox,
    make_request: Callable[..., SandboxRequest],
) -> None:
    def run(format_name: str) -> None:
        result = sandbox.run(make_request(format_name), on_stage=lambda _stage: True)
        assert result.failure is None, result.failure_detail + result.smoke_log
        assert result.predictions is not None
        result.predictions.unlink()

    single, servers = sandbox._supply._single, sandbox._supply._servers
    for format_name in ("python", "onnx"):
        run(format_name)
    waiting = wait_for(lambda: list(single._idle), "a container that waits")
    serving = list(servers._idle)

    engine.stop()
    for format_name in ("python", "onnx"):
        with pytest.raises(NotBegun):
            run(format_name)
    with pytest.raises(NotBegun):
        sandbox.prove(on_tick=lambda: None)

    engine.start()
    wait_for(lambda: single._idle and single._idle[0] not in waiting, "a container of the pool")
    wait_for(lambda: servers._idle and servers._idle[0] not in serving, "a fork server")
    sandbox.prove(on_tick=lambda: None)
    for format_name in ("python", "onnx"):
        run(format_name)


def test_a_restart_under_a_job_is_our_fault(
    engine: ThrowawayEngine,
    sandbox: BareSandbox,
    make_request: Callable[..., SandboxRequest],
) -> None:
    def restart(stage: Stage) -> bool:
        if stage is Stage.SMOKE:
            engine.stop()
            engine.start()
        return True

    with pytest.raises(SandboxFault):
        sandbox.run(make_request("onnx"), on_stage=restart)
    result = sandbox.run(make_request("onnx"), on_stage=lambda _stage: True)
    assert result.failure is None

    owner = f"{OWNER_LABEL}={sandbox._workspace.owner}"
    with closing(docker.APIClient(engine.address)) as client:
        # The fork server that waits; the pool may still be removing another.
        wait_for(
            lambda: len(client.containers(all=True, filters={"label": owner})) == 1,
            "one container",
        )
