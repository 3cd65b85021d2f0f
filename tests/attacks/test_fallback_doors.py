"""From inside the fallback's confinement, every door that there might be.

No participant code runs in it; these tests put Python where a broken runtime would stand. Each
payload is run once more outside, as the control: there the doors are open.
"""

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import evaluator
from tests.support.missing import missing
from tests.support.waiting import wait_for

ROOT = Path(evaluator.__path__[0]).parent
NOBODY = 65534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
SYSTEM_PYTHON = "/usr/bin/python3"
ROOT_FOLDERS = {"dev", "etc", "harness", "job", "lib", "lib64", "packages", "proc", "sys"}
PRELUDE = """
import ctypes, glob, os, socket, sys, time
def attempt(name, act):
    try:
        print("OPEN", name, act())
    except OSError as error:
        print("SHUT", name, error.__class__.__name__)
"""
KNOCK = """
def knock(family, kind, address):
    with socket.socket(family, kind) as door:
        door.settimeout(1)
        door.connect(address)
        door.send(b"knock")
attempt("tcp", lambda: knock(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})))
attempt("udp", lambda: knock(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", {udp})))
attempt("path", lambda: knock(socket.AF_UNIX, socket.SOCK_STREAM, {path!r}))
attempt("abstract", lambda: knock(socket.AF_UNIX, socket.SOCK_STREAM, "\\0{abstract}"))
"""

Run = Callable[[str], str]


def _outside(source: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + source], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def _python_of_nobody() -> tuple[str, str] | None:
    """An interpreter that an ordinary user may start, and its search path."""
    packages = [path for path in sys.path if "site-packages" in path]
    search_path = os.pathsep.join([str(ROOT), *packages])
    for python in (sys.executable, SYSTEM_PYTHON):
        try:
            probe = subprocess.run(
                [python, "-c", "import numpy, onnxruntime, pydantic"],
                env={"PYTHONPATH": search_path},
                cwd="/",
                stderr=subprocess.DEVNULL,
                check=False,
                **AS_NOBODY,
            )
        except OSError:
            continue
        if probe.returncode == 0:
            return python, search_path
    return None


@pytest.fixture(params=["root", "ordinary user"])
def inside(request: pytest.FixtureRequest, scratch: Path) -> Run:
    """Runs source in the confinement that a worker of this user has."""
    python, search_path = sys.executable, os.pathsep.join([str(ROOT), *sys.path])
    user: dict[str, Any] = {}
    if request.param == "root" and os.geteuid() != 0:
        missing("root", "the tests run as an ordinary user")
    if request.param == "ordinary user" and os.geteuid() == 0:
        found = _python_of_nobody()
        if found is None:
            missing("An ordinary user's Python", "others may not read root's packages")
        python, search_path = found
        os.chown(scratch, NOBODY, NOBODY)
        user = AS_NOBODY

    def run(source: str) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [python, "-m", "tests.attacks.confined", str(scratch), PRELUDE + source],
            env={"PYTHONPATH": search_path, "MINIGIANTS_SECRET": "worker-credential"},
            cwd=str(ROOT),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **user,
        )
        if "The kernel denies" in done.stdout:
            missing("The fallback's confinement", done.stdout.strip().splitlines()[-1])
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder that an ordinary user reaches; pytest's own are root's alone."""
    path = Path("/tmp") / f"minigiants-doors-{os.getpid()}"
    path.mkdir(mode=0o700)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def house() -> Iterator[SimpleNamespace]:
    """Servers on the host: TCP, UDP, a Unix socket in a folder and one without."""
    folder = Path("/tmp") / f"minigiants-house-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o755)
    path = str(folder / "service.sock")
    abstract = f"minigiants-house-{os.getpid()}"
    streams: dict[str, tuple[socket.AddressFamily, Any]] = {
        "tcp": (socket.AF_INET, ("127.0.0.1", 0)),
        "path": (socket.AF_UNIX, path),
        "abstract": (socket.AF_UNIX, f"\0{abstract}"),
    }
    heard: set[str] = set()
    servers = {}
    threads = []

    def listen(name: str, server: socket.socket) -> None:
        while True:
            try:
                visitor, _ = server.accept()
            except OSError:
                return
            with visitor:
                if visitor.recv(16) == b"knock":
                    heard.add(name)

    for name, (family, address) in streams.items():
        server = servers[name] = socket.socket(family, socket.SOCK_STREAM)
        server.bind(address)
        server.listen()
        threads.append(threading.Thread(target=listen, args=(name, server)))
    Path(path).chmod(0o777)
    udp = servers["udp"] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    for thread in threads:
        thread.start()
    source = KNOCK.format(
        tcp=servers["tcp"].getsockname()[1],
        udp=udp.getsockname()[1],
        path=path,
        abstract=abstract,
    )
    yield SimpleNamespace(source=source, heard=heard, folder=folder)
    for name, server in servers.items():
        if name != "udp":
            server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(5)
    Path(path).unlink()
    folder.rmdir()


def test_sockets(inside: Run, house: SimpleNamespace) -> None:
    told = inside(house.source)

    for door in ("tcp", "udp", "path", "abstract"):
        assert f"SHUT {door}" in told, told
    assert house.heard == set()


def test_sockets_outside(house: SimpleNamespace) -> None:
    told = _outside(house.source)

    for door in ("tcp", "udp", "path", "abstract"):
        assert f"OPEN {door}" in told, told
    wait_for(lambda: house.heard == {"tcp", "path", "abstract"}, "the calls at the doors")


def test_names_are_not_resolved(inside: Run) -> None:
    assert "SHUT dns" in inside('attempt("dns", lambda: socket.getaddrinfo("example.com", 80))')


def test_only_the_job_and_the_runtime_exist(inside: Run) -> None:
    told = inside('print("ROOT", sorted(os.listdir("/")))\nprint("JOB", os.listdir("/job"))')

    names = set(ast.literal_eval(told.split("ROOT ")[1].splitlines()[0]))
    base = Path(sys.base_prefix).resolve().parts[1]
    assert names <= {*ROOT_FOLDERS, "tmp", "usr", base}
    assert "JOB []" in told


LOOK = """
for path in ("/tmp", "/etc", "/home", "/root", "/var", "/run", "/dev", "/proc", "/usr"):
    attempt(path, lambda: sorted(os.listdir(path)))
"""


def test_folders_are_empty(inside: Run) -> None:
    told = inside(LOOK)

    assert "OPEN /tmp []" in told
    assert "OPEN /etc ['ld.so.cache']" in told
    assert "OPEN /dev ['null', 'urandom']" in told
    assert "OPEN /proc ['cpuinfo', 'self']" in told
    for path in ("/home", "/var", "/run"):
        assert f"SHUT {path}" in told


def test_folders_outside() -> None:
    told = _outside(LOOK)

    assert "passwd" in told
    assert "OPEN /var" in told


WRITE = """
for top, folders, _ in os.walk("/"):
    if top.count("/") > 3:
        folders.clear()
    if os.access(top, os.W_OK):
        print("WRITABLE", top)
"""


def test_nothing_is_writable(inside: Run) -> None:
    assert inside(WRITE) == "EXIT 0\n"


def test_folders_are_writable_outside() -> None:
    assert "WRITABLE /tmp" in _outside(WRITE)


def test_processes_of_others(inside: Run) -> None:
    victim = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        told = inside(
            f"""
print("SELF", os.getpid())
attempt("kill", lambda: os.kill({victim.pid}, {int(signal.SIGTERM)}))
attempt("parent", lambda: os.kill(os.getppid() or {os.getpid()}, 0))
print("SEEN", glob.glob("/proc/[0-9]*"))
"""
        )
        assert "SELF 1" in told
        assert "SHUT kill" in told
        assert "SHUT parent" in told
        assert "SEEN []" in told
        assert victim.poll() is None
        # The control: outside, the same signal ends it.
        _outside(f"os.kill({victim.pid}, {int(signal.SIGTERM)})")
        assert victim.wait(5) == -signal.SIGTERM
    finally:
        victim.kill()
        victim.wait()


def test_environment(inside: Run) -> None:
    told = inside('print("NAMES", sorted(os.environ))')

    assert "MINIGIANTS" not in told
    assert "PYTHONPATH" in told


def test_descriptors(inside: Run) -> None:
    told = inside(
        """
for number in range(3, 256):
    try:
        os.fstat(number)
        print("INHERITED", number)
    except OSError:
        pass
"""
    )
    assert "INHERITED" not in told


def test_no_way_back_to_privileges(inside: Run) -> None:
    told = inside(
        """
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
print("USER", os.getuid() != 0, os.getgroups())
attempt("setuid", lambda: os.setuid(0))
attempt("mount", lambda: call("mount", b"tmpfs", b"/job", b"tmpfs", 0, None))
attempt("unmount", lambda: call("umount2", b"/job", 2))
attempt("remount", lambda: call("mount", b"none", b"/job", b"", 0x1020, None))
attempt("chroot", lambda: os.chroot("/job"))
attempt("device", lambda: os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0)))
attempt("hostname", lambda: socket.sethostname("other"))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
"""
    )
    assert "USER True" in told
    assert "OPEN" not in told
    assert told.count("SHUT") == 8


def test_processes_are_few(inside: Run) -> None:
    told = inside(
        """
alive = 0
try:
    for _ in range(64):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        alive += 1
except OSError:
    pass
print("ALIVE", alive)
"""
    )
    assert int(told.split("ALIVE ")[1].splitlines()[0]) < 8


def test_memory_is_bounded(inside: Run) -> None:
    told = inside(
        """
try:
    block = bytes(2 * 1024 ** 3)
    print("HELD")
except MemoryError:
    print("DENIED")
"""
    )
    assert "DENIED" in told
    assert "HELD" not in told


def test_end_of_the_sandbox_ends_its_children(inside: Run) -> None:
    name = f"minigiants-orphan-{os.getpid()}"
    told = inside(
        f"""
if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(15, b"{name[:15]}", 0, 0, 0)
    time.sleep(60)
print("LEFT")
"""
    )
    assert "LEFT" in told
    names = [
        path.read_text().strip() for path in Path("/proc").glob("[0-9]*/comm") if path.exists()
    ]
    assert name[:15] not in names
