"""Attacks that reach for what is outside: files, processes, secrets, the engine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.proving_ground import Hostile, ProvingGround

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
TAMPERINGS = ("create", "append", "mode", "link", "FIFO", "device", "delete", "move")


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


def test_secrets_of_processes(guarded: ProvingGround, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIGIANTS_SECRET", "worker-credential")
    payload = ENVIRONMENTS.format(secret="MINIGIANTS") + "\nprint(sorted(os.environ))"
    result = guarded.attack(Hostile(load=payload))

    assert "LOOKED" in result.smoke_log
    assert "FOUND" not in result.smoke_log
    assert "MINIGIANTS" not in result.smoke_log
    assert "PROXY" not in result.smoke_log.upper()


def test_secrets_in_a_shared_process_namespace(without: Callable[..., ProvingGround]) -> None:
    ground = without(
        pid_mode="host",
        user="0:0",
        cap_drop=[],
        cap_add=["SYS_PTRACE"],
        security_opt=["apparmor=unconfined"],
    )
    # A variable that this process was started with: later ones do not show in /proc.
    control = ground.attack(Hostile(load=ENVIRONMENTS.format(secret="HOME=")))

    assert control.smoke_log.count("FOUND") > 1


def test_the_engine_is_out_of_reach(guarded: ProvingGround, docker_engine: str) -> None:
    paths = [docker_engine.removeprefix("unix://"), "/var/run/docker.sock", "/run/docker.sock"]
    result = guarded.attack(Hostile(load=ENGINE.format(paths=paths)))

    assert "ANSWER" not in result.smoke_log


def test_an_engine_that_is_mounted(
    without: Callable[..., ProvingGround], docker_engine: str
) -> None:
    if not docker_engine.startswith("unix://"):
        pytest.skip("the engine is not on a Unix socket")
    path = docker_engine.removeprefix("unix://")
    ground = without(binds=[f"{path}:{path}"], user="0:0")
    control = ground.attack(Hostile(load=ENGINE.format(paths=[path])))

    assert "ANSWER b'HTTP/1.0 200 OK" in control.smoke_log


def test_the_model_folder_cannot_be_changed(guarded: ProvingGround) -> None:
    result = guarded.attack(Hostile(load=TAMPER))

    assert (result.failure, result.smoke_log) == (None, "TRIED\n")
    assert [entry.name for entry in guarded.model.iterdir()] == ["model.py"]


def test_a_writable_model_folder(without: Callable[..., ProvingGround]) -> None:
    ground = without(writable_job=True, user="0:0", cap_drop=[])
    control = ground.attack(Hostile(load=TAMPER))

    for name in TAMPERINGS:
        assert f"TAMPERED {name}\n" in control.smoke_log


def test_other_jobs_are_out_of_reach(guarded: ProvingGround) -> None:
    """What one job leaves in its scratch is not there for the next."""
    first = guarded.attack(Hostile(load='open("/tmp/left", "w").write("state")'))
    look = 'print("LEFT", os.listdir("/tmp"), set(os.listdir("/job")) - {"model", "smoke.npy"})'
    second = guarded.attack(Hostile(load=look))

    assert first.failure is None
    assert second.smoke_log == "LEFT [] set()\n"


def test_a_scratch_that_is_shared(without: Callable[..., ProvingGround], tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    job = without(tmpfs={}, binds=[f"{shared}:/tmp"])
    job.attack(Hostile(load='open("/tmp/left", "w").write("state")'))
    control = job.attack(Hostile(load='print("LEFT", os.listdir("/tmp"))'))

    assert control.smoke_log == "LEFT ['left']\n"
