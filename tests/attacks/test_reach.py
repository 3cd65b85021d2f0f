"""Attacks that reach for what is outside: files, processes, secrets, the engine."""

import os
import re
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import pytest

from evaluator.contract import Stage
from evaluator.sandbox.docker_sandbox import DockerSandbox
from evaluator.sandbox.guest_key import GuestKey
from tests.attacks.canary import Canary
from tests.attacks.proving_ground import CANARY, LIMITS, Hostile, ProvingGround
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

READ = """
for path in {paths}:
    try:
        with open(path, "rb") as file:
            print("READ", path, file.read(4096))
    except OSError:
        pass
print("TRIED")
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
print("TRIED")
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
WALK = """
sought = (bytes(reversed(b"{reversed}")), np.full(4, {canary}, dtype=np.float32).tobytes())
for top, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in {skipped}]
    for path in (os.path.join(top, name) for name in names):
        try:
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read(1 << 20)
                if any(each in content for each in sought):
                    print("FOUND", os.path.basename(path))
        except OSError:
            pass
print("WALKED")
"""
SKIPPED = ("/sys", "/proc", "/opt/harness/venv", "/usr", "/lib", "/var")
LEAKS = """
import glob
root = os.stat("/")
for process in glob.glob("/proc/[0-9]*"):
    for path in (process + "/cwd", process + "/root", *glob.glob(process + "/fd/*")):
        try:
            top = os.stat(path + "/.." * 64)
        except OSError:
            continue
        if (top.st_dev, top.st_ino) != (root.st_dev, root.st_ino):
            print("OUTSIDE", os.path.basename(path))
print("LOOKED")
"""
TAKE_A_LEAK = """
import socket
with socket.socket(socket.AF_UNIX) as door:
    door.connect("/leak/door")
    _, (leaked,), _, _ = socket.recv_fds(door, 1, 1)
os.fchdir(leaked)
"""
EXECUTABLES = """
import errno, subprocess
def attempt(name, path):
    try:
        os.close(os.open(path, os.O_WRONLY))
    except OSError as error:
        if error.errno != errno.ETXTBSY:  # which says that it is kept by nothing but its running
            return
    print("WRITABLE", name)
attempt("first", "/proc/1/exe")
attempt("self", "/proc/self/exe")
child = subprocess.Popen(["/bin/sleep", "60"])
held = os.open(f"/proc/{child.pid}/exe", os.O_PATH)
child.kill()
child.wait()
attempt("ended", f"/proc/self/fd/{held}")
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

    assert result.smoke_log == "TRIED\n"


def test_files_that_are_mounted(without: Callable[..., ProvingGround], tmp_path: Path) -> None:
    secret = tmp_path / "labels.npy"
    secret.write_text("the labels")
    secret.chmod(0o644)
    ground = without(binds=[f"{secret}:{secret}"])
    control = ground.attack(Hostile(load=READ.format(paths=[str(secret)])))

    assert "the labels" in control.smoke_log


def test_secrets_of_processes(guarded: ProvingGround, canary: Canary) -> None:
    result = guarded.attack(Hostile(load=canary.source() + 'print("FOUND", *seek())'))

    assert result.smoke_log == "FOUND\n"


def test_secrets_in_a_shared_process_namespace(
    without: Callable[..., ProvingGround], canary: Canary
) -> None:
    ground = without(
        pid_mode="host",
        user=canary.user,
        security_opt=["no-new-privileges:true", "apparmor=unconfined"],
    )
    control = ground.attack(Hostile(load=canary.source() + 'print("FOUND", *seek())'))

    assert canary.places() <= set(control.smoke_log.split())


def test_the_workers_environment_is_not_handed_on(
    guarded: ProvingGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIGIANTS_SECRET", "worker-credential")
    result = guarded.attack(Hostile(load="print(sorted(os.environ))"))

    assert "'HOME'" in result.smoke_log
    assert "MINIGIANTS" not in result.smoke_log
    assert "PROXY" not in result.smoke_log.upper()


def test_the_engine_is_out_of_reach(guarded: ProvingGround, docker_engine: str) -> None:
    paths = [docker_engine.removeprefix("unix://"), "/var/run/docker.sock", "/run/docker.sock"]
    result = guarded.attack(Hostile(load=ENGINE.format(paths=paths)))

    assert result.smoke_log == "TRIED\n"


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


NEIGHBOUR = "this-is-of-the-neighbour"


@pytest.fixture
def neighbour(quick: ProvingGround, tmp_path: Path) -> ProvingGround:
    """Another sandbox of this machine, whose attacks have a folder of their own."""
    folder = tmp_path / "neighbour"
    folder.mkdir()
    return ProvingGround(quick.sandbox, folder)


def found_beside(neighbour: ProvingGround, ground: ProvingGround) -> str:
    """What a model finds on its walk while another worker's model is asked for predictions."""
    stages, logs = [], []

    def watch(stage: Stage) -> None:
        stages.append(stage)
        if stages.count(Stage.HIDDEN) == 2:  # the first time its inputs are not there yet
            walk = WALK.format(reversed=NEIGHBOUR[::-1], canary=CANARY, skipped=SKIPPED)
            logs.append(ground.attack(Hostile(load=walk)).smoke_log)

    slow = "if hidden and len(inputs) < 256:\n    import time; time.sleep(2)"
    hostile = Hostile(top=f"# {NEIGHBOUR}", predict=slow)
    assert neighbour.attack(hostile, watch=watch, hidden_seconds=120).failure is None
    (log,) = logs
    return log


def test_jobs_at_the_same_time_are_out_of_reach(
    neighbour: ProvingGround, guarded: ProvingGround
) -> None:
    assert found_beside(neighbour, guarded) == "WALKED\n"


def test_jobs_whose_folders_are_mounted(
    neighbour: ProvingGround, without: Callable[..., ProvingGround]
) -> None:
    scratch = neighbour.sandbox._workspace._folder
    ground = without(binds=[f"{scratch}:/house:ro"], user="0:0")

    found = found_beside(neighbour, ground).splitlines()
    assert set(found) == {"FOUND model.py", "FOUND hidden.npy", "WALKED"}


def test_nothing_that_is_open_leads_out(guarded: ProvingGround) -> None:
    """In the manner of CVE-2024-21626, where a runtime left a folder of the host open."""
    assert guarded.attack(Hostile(load=LEAKS)).smoke_log == "LOOKED\n"


@pytest.fixture
def leak() -> Iterator[Path]:
    """A folder with a socket, at which the host hands out a folder of its own."""
    with tempfile.TemporaryDirectory() as name, socket.socket(socket.AF_UNIX) as door:
        folder = Path(name)
        folder.chmod(0o755)
        door.bind(str(folder / "door"))
        (folder / "door").chmod(0o777)
        door.listen()
        door.settimeout(60)

        def hand_out() -> None:
            outside = os.open("/usr", os.O_RDONLY)
            try:
                visitor, _ = door.accept()
                with visitor:
                    socket.send_fds(visitor, [b"!"], [outside])
            finally:
                os.close(outside)

        thread = threading.Thread(target=hand_out)
        thread.start()
        yield folder
        thread.join()


def test_a_folder_that_is_left_open_leads_out(
    without: Callable[..., ProvingGround], leak: Path
) -> None:
    control = without(binds=[f"{leak}:/leak"]).attack(Hostile(load=TAKE_A_LEAK + LEAKS))

    told = control.smoke_log.splitlines()
    assert "OUTSIDE cwd" in told
    assert len(told) == 3  # the descriptor too


def test_running_programs_are_not_overwritten(guarded: ProvingGround) -> None:
    """In the manner of CVE-2019-5736, where the program was the runtime of the host."""
    assert guarded.attack(Hostile(load=EXECUTABLES)).smoke_log == "TRIED\n"


def test_programs_of_roots_own_image(without: Callable[..., ProvingGround]) -> None:
    ground = without(user="0:0", read_only=False, init=False)
    control = ground.attack(Hostile(load=EXECUTABLES))

    assert control.smoke_log.splitlines() == [
        *(f"WRITABLE {name}" for name in ("first", "self", "ended")),
        "TRIED",
    ]


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
