"""Attacks that reach for what is outside: files, processes, secrets, the engine."""

import re
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.guest_key import GuestKey
from tests.attacks.proving_ground import LIMITS, WORKER_SECRET, Hostile, ProvingGround
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

READ = """
for path in {paths}:
    try:
        with open(path, "rb") as file:
            print("READ", path, file.read(4096))
    except OSError:
        pass
"""
ENVIRONMENTS = """
import glob
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        with open(path, "rb") as file:
            if b"{secret}" in file.read():
                print("FOUND", path)
    except OSError:
        pass
print("LOOKED")
"""
ENGINE = """
import socket
for path in {paths}:
    try:
        with socket.socket(socket.AF_UNIX) as engine:
            engine.settimeout(2)
            engine.connect(path)
            engine.send(b"GET /_ping HTTP/1.0\\r\\n\\r\\n")
            print("ANSWER", engine.recv(100))
    except OSError:
        pass
"""
TAMPER = """
def append(path):
    with open(path, "a") as file:
        file.write("#")

for name, act in {
    "create": lambda: open(os.path.join(folder, "new"), "w").close(),
    "append": lambda: append(os.path.join(folder, "model.py")),
    "mode": lambda: os.chmod(folder, 0o777),
    "link": lambda: os.symlink("/etc/passwd", "/job/predictions.npy"),
    "FIFO": lambda: os.mkfifo("/job/pipe"),
    "device": lambda: os.mknod("/job/null", 0o20666, os.makedev(1, 3)),
    "delete": lambda: os.unlink(os.path.join(folder, "model.py")),
    "move": lambda: os.rename(folder, "/job/other"),
}.items():
    try:
        act()
        print("TAMPERED", name)
    except OSError:
        pass
print("TRIED")
"""
IPC = """
import ctypes
libc = ctypes.CDLL(None)
def objects(create):
    return {
        "memory": libc.shmget(7319, 4096, create),
        "semaphores": libc.semget(7319, 1, create),
        "queue": libc.msgget(7319, create),
        "POSIX queue": libc.mq_open(b"/left", 0o102 if create else 2, 0o666, None),
    }
"""
OBJECTS = {"memory", "semaphores", "queue", "POSIX queue"}
LEAVE = """
for place in ("/tmp", "/dev/shm"):
    open(os.path.join(place, "left"), "w").close()
objects(0o1666)
"""
LOOK = """
found = [place for place in ("/tmp", "/dev/shm") if os.listdir(place)]
found += [name for name, number in objects(0).items() if number >= 0]
if not set(os.listdir("/job")) <= {"model", "smoke.npy", "hidden.npy"}:
    found.append("/job")
for name in found:
    print("LEFT", name)
print("LOOKED")
"""
TAMPERINGS = {"create", "append", "mode", "link", "FIFO", "device", "delete", "move"}


def leave_and_look(
    ground: ProvingGround, *, between: Callable[[], object] = lambda: None
) -> tuple[set[str], set[str]]:
    """What the job that left something found of it, and what the next one found."""
    logs = [ground.attack(Hostile(top=IPC, load=LEAVE + LOOK)).smoke_log]
    between()
    logs.append(ground.attack(Hostile(top=IPC, load=LOOK)).smoke_log)
    assert all(log.endswith("LOOKED\n") for log in logs), logs
    first, second = (set(re.findall(r"^LEFT (.+)$", log, re.MULTILINE)) for log in logs)
    return first, second


def test_files_are_out_of_reach(guarded: ProvingGround, tmp_path: Path) -> None:
    secret = tmp_path / "labels.npy"
    secret.write_text("the labels")
    secret.chmod(0o644)
    paths = [str(secret), "/etc/shadow", "/job/hidden.npy", "/proc/1/root/etc/shadow"]
    result = guarded.attack(Hostile(load=READ.format(paths=paths)))

    assert "READ" not in result.smoke_log


def test_files_that_are_mounted(without: Callable[..., ProvingGround], tmp_path: Path) -> None:
    secret = tmp_path / "labels.npy"
    secret.write_text("the labels")
    secret.chmod(0o644)
    ground = without(binds=[f"{secret}:{secret}"])
    control = ground.attack(Hostile(load=READ.format(paths=[str(secret)])))

    assert "the labels" in control.smoke_log


def test_secrets_of_processes(
    guarded: ProvingGround,
    worker: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINIGIANTS_SECRET", WORKER_SECRET)  # which the container may not inherit
    payload = ENVIRONMENTS.format(secret=WORKER_SECRET) + "\nprint(sorted(os.environ))"
    result = guarded.attack(Hostile(load=payload))

    assert "LOOKED" in result.smoke_log
    assert "FOUND" not in result.smoke_log
    assert "MINIGIANTS" not in result.smoke_log
    assert "PROXY" not in result.smoke_log.upper()


TRACER: dict[str, Any] = {
    "user": "0:0",
    "cap_drop": [],
    "cap_add": ["SYS_PTRACE"],
    "security_opt": ["apparmor=unconfined"],
}


@pytest.mark.parametrize(
    ("others", "found"),
    [
        pytest.param(TRACER, False, id="a namespace of processes alone"),
        pytest.param({"pid_mode": "host"}, False, id="an ordinary user alone"),
        pytest.param({"pid_mode": "host", **TRACER}, True, id="neither"),
    ],
)
def test_secrets_of_processes_against_one_defence(
    without: Callable[..., ProvingGround],
    worker: subprocess.Popen[bytes],
    others: dict[str, Any],
    *,
    found: bool,
) -> None:
    payload = ENVIRONMENTS.format(secret=WORKER_SECRET)
    control = without(**others).attack(Hostile(load=payload))

    assert (f"FOUND /proc/{worker.pid}/environ\n" in control.smoke_log) == found


def test_the_engine_is_out_of_reach(guarded: ProvingGround, docker_engine: str) -> None:
    paths = [docker_engine.removeprefix("unix://"), "/var/run/docker.sock", "/run/docker.sock"]
    result = guarded.attack(Hostile(load=ENGINE.format(paths=paths)))

    assert "ANSWER" not in result.smoke_log


@pytest.mark.parametrize(
    ("mounted", "user", "answers"),
    [
        pytest.param(False, "0:0", False, id="no mount alone"),
        pytest.param(True, None, False, id="an ordinary user alone"),
        pytest.param(True, "0:0", True, id="neither"),
    ],
)
def test_the_engine_against_one_defence(
    without: Callable[..., ProvingGround],
    docker_engine: str,
    user: str | None,
    *,
    mounted: bool,
    answers: bool,
) -> None:
    if not docker_engine.startswith("unix://"):
        pytest.skip("the engine is not on a Unix socket")
    path = docker_engine.removeprefix("unix://")
    ground = without(user=user, binds=[f"{path}:{path}"] if mounted else [])
    control = ground.attack(Hostile(load=ENGINE.format(paths=[path])))

    assert ("ANSWER b'HTTP/1.0 200 OK" in control.smoke_log) == answers


def test_the_model_folder_cannot_be_changed(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=TAMPER))

    assert (result.failure, result.smoke_log) == (None, "TRIED\n")
    assert [entry.name for entry in guarded.model.iterdir()] == ["model.py"]


@pytest.mark.parametrize(
    ("others", "tampered"),
    [
        pytest.param({"user": "0:0", "cap_drop": []}, set(), id="a read-only mount alone"),
        pytest.param({"writable_job": True}, set(), id="an ordinary user alone"),
        pytest.param(
            {"writable_job": True, "user": "0:0"}, TAMPERINGS - {"device"}, id="no capabilities"
        ),
        pytest.param(
            {"writable_job": True, "user": "0:0", "cap_drop": []}, TAMPERINGS, id="nothing"
        ),
    ],
)
def test_the_model_folder_against_one_defence(
    without: Callable[..., ProvingGround], others: dict[str, Any], tampered: set[str]
) -> None:
    """The folder is the worker's: who is not root has no right to it, were it mounted writable."""
    control = without(**others).attack(Hostile(load=TAMPER))

    assert set(re.findall(r"^TAMPERED (.+)$", control.smoke_log, re.MULTILINE)) == tampered


def test_other_jobs_are_out_of_reach(guarded: ProvingGround) -> None:
    """What one job leaves is not there for the next."""
    first, second = leave_and_look(guarded)

    # The control: within one container it is.
    assert first == {"/tmp", "/dev/shm"}
    assert second == set()


def test_a_container_that_waited_is_as_new(
    docker_engine: str, harness_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a pool, as production has it, the next job's container is there before this one ends."""
    monkeypatch.setattr("evaluator.sandbox.supply.PREWARMED", ())
    scratch, key = tmp_path / "scratch", GuestKey.of("python", LIMITS)
    with closing(
        DockerSandbox(scratch=scratch, image=harness_image, runtime="runc", pool=1)
    ) as sandbox:
        ground = ProvingGround(sandbox, tmp_path)
        ground.serve_an_honest_model()
        wait_for(lambda: sandbox.waiting(key), "a container that waits")
        first, second = leave_and_look(
            ground, between=lambda: wait_for(lambda: sandbox.waiting(key), "the next one")
        )

    assert first == {"/tmp", "/dev/shm"}
    assert second == set()


def test_objects_of_other_jobs_without_the_filter(without: Callable[..., ProvingGround]) -> None:
    first, second = leave_and_look(without(filtered=False, ulimits=[]))

    assert first == {"/tmp", "/dev/shm", *OBJECTS}
    assert second == set()


def test_a_scratch_that_is_shared(without: Callable[..., ProvingGround], tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    _, second = leave_and_look(without(tmpfs={}, binds=[f"{shared}:/tmp"]))

    assert second == {"/tmp"}


def test_objects_that_are_shared(
    without: Callable[..., ProvingGround], docker_engine: str, harness_image: str
) -> None:
    with closing(docker.DockerClient(docker_engine)) as engine:
        holder = engine.containers.create(
            harness_image,
            ["300"],
            entrypoint=["sleep"],
            ipc_mode="shareable",
            network_mode="none",
        )
        try:
            holder.start()
            ground = without(filtered=False, ulimits=[], ipc_mode=f"container:{holder.id}")
            _, second = leave_and_look(ground)
        finally:
            holder.remove(force=True)

    assert second == {"/dev/shm", *OBJECTS}
