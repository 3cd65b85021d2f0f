"""From inside the fallback's confinement, every door that there might be.

No participant code runs in it; these tests put Python where a broken runtime would stand. Each
payload is run once more outside, as the control: there the doors are open.
"""

import ast
import contextlib
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

from tests.attacks.name_server import ADDRESS, ASK, NameServer
from tests.attacks.worker_user import ROOT, WorkerUser
from tests.support.missing import missing
from tests.support.waiting import wait_for

ROOT_FOLDERS = {"dev", "etc", "harness", "job", "lib", "lib64", "packages", "proc", "sys"}
PRELUDE = """
import ctypes, glob, os, socket, sys, time
def attempt(name, act):
    try:
        print("OPEN", name, act())
    except OSError as error:
        print("SHUT", name, error.__class__.__name__)
"""
KNOCK = (
    ASK
    + """
def knock(family, kind, address):
    with socket.socket(family, kind) as door:
        door.settimeout(1)
        door.connect(address)
        door.send(b"knock")
attempt("tcp", lambda: knock(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})))
attempt("dns", ask)
attempt("path", lambda: knock(socket.AF_UNIX, socket.SOCK_STREAM, {path!r}))
attempt("abstract", lambda: knock(socket.AF_UNIX, socket.SOCK_STREAM, "\\0{abstract}"))
"""
)

Run = Callable[..., str]
"""Runs source and tells what it printed; keywords are `subprocess.run`'s."""


def _outside(source: str, *before: str, **options: Any) -> str:
    """What source prints where nothing confines it; `before` are words before the command."""
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [*before, sys.executable, "-c", PRELUDE + source],
        capture_output=True,
        text=True,
        check=False,
        **options,
    )
    return done.stdout + done.stderr


@pytest.fixture
def inside(worker_user: WorkerUser, scratch: Path) -> Run:
    """Runs source in the confinement that a worker of this user has."""
    worker_user.give(scratch)

    def run(source: str, **options: Any) -> str:
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [worker_user.python, "-m", "tests.attacks.confined", str(scratch), PRELUDE + source],
            env={"PYTHONPATH": worker_user.search_path, "MINIGIANTS_SECRET": "worker-credential"},
            cwd=str(ROOT),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **worker_user.become,
            **options,
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
def house(name_server: NameServer) -> Iterator[SimpleNamespace]:
    """Servers on the host: TCP, of names, a Unix socket in a folder and one without."""
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
    for thread in threads:
        thread.start()
    source = KNOCK.format(
        tcp=servers["tcp"].getsockname()[1],
        port=name_server.port,
        path=path,
        abstract=abstract,
    )
    yield SimpleNamespace(source=source, heard=heard, names=name_server)
    for server in servers.values():
        server.shutdown(socket.SHUT_RDWR)
        server.close()
    for thread in threads:
        thread.join(5)
    Path(path).unlink()
    folder.rmdir()


def test_sockets(inside: Run, house: SimpleNamespace) -> None:
    told = inside(house.source)

    for door in ("tcp", "dns", "path", "abstract"):
        assert f"SHUT {door}" in told, told
    assert house.heard == set()
    assert not house.names.asked.is_set()


def test_sockets_outside(house: SimpleNamespace) -> None:
    told = _outside(house.source)

    for door in ("tcp", f"dns {ADDRESS}", "path", "abstract"):
        assert f"OPEN {door}" in told, told
    wait_for(lambda: house.heard == {"tcp", "path", "abstract"}, "the calls at the doors")


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


NAMES = 'print("NAMES", sorted(os.environ))'


def test_environment(inside: Run) -> None:
    told = inside(NAMES)

    assert "MINIGIANTS" not in told
    assert "PYTHONPATH" in told


def test_environment_outside() -> None:
    assert "MINIGIANTS_SECRET" in _outside(NAMES, env={"MINIGIANTS_SECRET": "worker-credential"})


DESCRIPTORS = """
for number in range(3, 256):
    try:
        os.fstat(number)
        print("INHERITED", number)
    except OSError:
        pass
print("LOOKED")
"""


def test_descriptors(inside: Run) -> None:
    """One that was handed to the worker to be inherited is not handed on."""
    with Path(os.devnull).open() as opened:
        assert inside(DESCRIPTORS, pass_fds=[opened.fileno()]) == "LOOKED\nEXIT 0\n"


def test_descriptors_outside() -> None:
    with Path(os.devnull).open() as opened:
        number = opened.fileno()
        assert f"INHERITED {number}" in _outside(DESCRIPTORS, pass_fds=[number])


WAY_BACK = """
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
job = {job!r}
print("USER", os.getuid(), os.getgroups())
attempt("setuid", lambda: os.setuid(0))
attempt("mount", lambda: call("mount", b"tmpfs", job, b"tmpfs", 0, None))
attempt("remount", lambda: call("mount", b"none", job, b"", 0x1020, None))
attempt("unmount", lambda: call("umount2", job, 2))
attempt("device", lambda: os.mknod({tmp!r} + "/disk", 0o60600, os.makedev(8, 0)))
attempt("hostname", lambda: socket.sethostname("other"))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
attempt("chroot", lambda: os.chroot(job))
"""


def test_no_way_back_to_privileges(inside: Run) -> None:
    told = inside(WAY_BACK.format(job=b"/job", tmp="/tmp"))

    assert "USER 0" not in told
    assert "OPEN" not in told
    assert told.count("SHUT") == 8


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a way back")
def test_roots_way_back_outside(tmp_path: Path) -> None:
    """In namespaces that end with it, so that this machine keeps its name."""
    source = WAY_BACK.format(job=bytes(tmp_path), tmp=str(tmp_path))
    told = _outside(source, "unshare", "--mount", "--uts")

    assert told.count("OPEN") == 8, told


MANY = """
children = []
try:
    for _ in range(64):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    pass
print("ALIVE", len(children))
for child in children:
    os.kill(child, 9)
    os.waitpid(child, 0)
"""


def test_processes_are_few(inside: Run) -> None:
    assert int(inside(MANY).split("ALIVE ")[1].splitlines()[0]) < 8


def test_processes_are_many_outside() -> None:
    assert _outside(MANY) == "ALIVE 64\n"


BLOCK = """
try:
    block = bytes(2 * 1024 ** 3)
    print("HELD")
except MemoryError:
    print("DENIED")
"""


def test_memory_is_bounded(inside: Run) -> None:
    assert inside(BLOCK) == "DENIED\nEXIT 0\n"


def test_memory_is_there_outside() -> None:
    assert _outside(BLOCK) == "HELD\n"


ORPHAN = """
heard, said = os.pipe()
if os.fork() == 0:
    os.setsid()
    ctypes.CDLL(None).prctl(15, {name!r}, 0, 0, 0)
    os.write(said, b"!")
    os.closerange(0, 256)
    time.sleep(60)
    os._exit(0)
os.read(heard, 1)
print("LEFT")
"""


def _named(name: str) -> list[int]:
    """The processes of the host that bear a name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has just ended
            if path.read_text().strip() == name:
                found.append(int(path.parent.name))
    return found


def test_end_of_the_sandbox_ends_its_children(inside: Run) -> None:
    name = f"left-in-{os.getpid()}"[:15]
    assert "LEFT" in inside(ORPHAN.format(name=name.encode()))
    assert _named(name) == []


def test_children_live_on_outside() -> None:
    name = f"left-out-{os.getpid()}"[:15]
    assert _outside(ORPHAN.format(name=name.encode())) == "LEFT\n"
    (orphan,) = _named(name)
    os.kill(orphan, signal.SIGKILL)
