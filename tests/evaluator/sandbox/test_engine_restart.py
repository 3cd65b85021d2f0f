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
from typing import cast
from unittest import mock

import docker
import pytest
from docker.types import Mount

from evaluator.contract import Stage
from evaluator.harness.protocol import VERSION
from evaluator.sandbox import pool, supply
from evaluator.sandbox.base import NotBegun, SandboxFault, SandboxRequest
from evaluator.sandbox.container import OWNER_LABEL, ContainerSettings
from evaluator.sandbox.docker_guest import DockerGuest
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.engine import PROTOCOL_LABEL
from evaluator.sandbox.guest import Guest
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
def engine(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThrowawayEngine]:
    if os.geteuid() != 0 or not ThrowawayEngine.is_possible():
        missing("A Docker engine of the test's own", "it takes root and `dockerd`")
    # The path of a socket is short.
    with tempfile.TemporaryDirectory(prefix="minigiants-engine-") as folder:
        live_restore = getattr(request, "param", False)
        engine = ThrowawayEngine(Path(folder), live_restore=live_restore)
        engine.start()
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with closing(docker.APIClient(engine.address)) as client:
            client.import_image_from_data(
                _empty_root(), IMAGE.split(":")[0], "empty", [f"LABEL {PROTOCOL_LABEL}={VERSION}"]
            )
        yield engine
        engine.end()
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


@pytest.mark.parametrize("engine", [True], indirect=True, ids=["live restore"])
def test_what_lives_on_without_its_engine_ends_when_it_is_back(
    engine: ThrowawayEngine,
    sandbox: BareSandbox,
    make_request: Callable[..., SandboxRequest],
) -> None:
    """Participant code may not run on with nobody's clock."""
    request = make_request("python")
    (request.model_folder / "model.py").write_text("import time\ntime.sleep(600)\n")
    made: list[DockerGuest] = []
    start = sandbox._supply._start

    def noting(key: GuestKey, job: JobFolder) -> Guest:
        made.append(cast(DockerGuest, start(key, job)))
        return made[-1]

    def stop(_stage: Stage) -> bool:
        if list(sandbox._workspace._folder.glob("job-*/model")):  # it has its model now
            engine.stop()
        return True

    with mock.patch.object(sandbox._supply, "_start", noting), pytest.raises(SandboxFault):
        sandbox.run(request, on_stage=stop)
    container = made[0]._container
    engine.start()

    def gone() -> bool:
        with closing(docker.APIClient(engine.address)) as client:
            return container not in {each["Id"] for each in client.containers(all=True)}

    wait_for(gone, "the end of the container")
