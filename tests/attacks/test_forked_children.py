"""What a child of a fork server may leave to the next one, and do to its parent.

Each attack runs in three places: containers under runc and gVisor, and the fallback. After it the
same server, not a new one, has to serve the next submission.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import docker
import pytest

from evaluator.contract import Failure
from evaluator.sandbox.base import SandboxFault, SandboxUnavailable
from tests.attacks.possessed import (
    MEBIBYTE,
    Possessed,
    PossessedFallback,
    PossessedSandbox,
    Weaknesses,
)
from tests.support.missing import missing

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module", params=["runc", "runsc", "fallback"])
def server(
    request: pytest.FixtureRequest,
    docker_engine: str,
    harness_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Possessed]:
    """A fork server whose children are hostile; one for all attacks."""
    folder = tmp_path_factory.mktemp(request.param)
    sandbox: PossessedSandbox | PossessedFallback
    if request.param == "fallback":
        try:
            sandbox = PossessedFallback(scratch=folder / "scratch")
        except SandboxUnavailable as unavailable:
            missing("The fallback's confinement", str(unavailable))
    else:
        with closing(docker.APIClient(docker_engine)) as client:
            if request.param not in client.info()["Runtimes"]:
                missing("gVisor", "install runsc and register it with the Docker engine")
        sandbox = PossessedSandbox(
            scratch=folder / "scratch", image=harness_image, runtime=request.param
        )
    with closing(sandbox):
        yield Possessed(sandbox, folder)


@pytest.fixture
def same(server: Possessed) -> Iterator[Possessed]:
    """The server, which must be the same one after the attack, and serve an honest model."""
    server.told("")
    before = server.server()
    yield server
    assert server.told("") == ""
    assert server.server() is before


@pytest.fixture
def without(docker_engine: str, harness_image: str, tmp_path: Path) -> Iterator[Weaknesses]:
    weaknesses = Weaknesses(harness_image, tmp_path)
    with weaknesses.opened:
        yield weaknesses


SPARING = """
class _Sparing:
    def __getattr__(self, name): return getattr(os, name)
    def kill(self, pid, number): pass
fork_server.os = _Sparing()
fork_server._reap = lambda: None
"""
"""A server that ends nothing after a child."""

LEAVE = """
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    libc.prctl(15, b"left-behind", 0, 0, 0)
    for number in range(256):
        with contextlib.suppress(OSError):
            os.close(number)
    {then}
    time.sleep(60)
    os._exit(0)
os.wait()
"""
COUNT = """
alive = 0
for number in range(2, 200):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(number, 0)
        alive += number != os.getpid()
print("ALIVE", alive)
"""


def test_processes_are_ended(same: Possessed) -> None:
    same.told(LEAVE.format(then="pass"))
    assert same.told(COUNT) == "ALIVE 0\n"


def test_processes_would_go_on(without: Weaknesses) -> None:
    weak = without(SPARING)
    weak.told(LEAVE.format(then="pass"))
    assert weak.told(COUNT) == "ALIVE 1\n"


SPY = LEAVE.format(
    then="""
    found = lambda: [path for path in glob.glob("/job/*/hidden.npy") if str(folder) not in path]
    while not found():
        time.sleep(0.001)
    libc.prctl(15, b"has-read-it", 0, 0, 0)
    open(found()[0], "rb").read()"""
)
READERS = """
import pathlib
for path in glob.glob("/proc/[0-9]*/comm"):
    with contextlib.suppress(OSError):
        print(pathlib.Path(path).read_text().strip())
"""


def test_nobody_is_left_to_read_the_next_jobs_files(same: Possessed) -> None:
    same.told(SPY)
    same.told("")
    assert "has-read-it" not in same.told(READERS)


def test_the_next_jobs_files_would_be_read(without: Weaknesses) -> None:
    weak = without(SPARING)
    weak.told(SPY)
    weak.told("")
    assert "has-read-it" in weak.told(READERS)


FOLDERS = 'print("FOLDERS", os.listdir("/job"), os.listdir(folder.parent))'


def test_a_job_sees_its_own_folder_alone(same: Possessed) -> None:
    first, second = same.told(FOLDERS), same.told(FOLDERS)

    assert first != second
    assert first.count("'") == second.count("'") == 2 * 2


def test_folders_would_stay(without: Weaknesses, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the removal. The server is given up then, and is kept here by force."""
    monkeypatch.setattr("evaluator.sandbox.workspace.JobFolder.remove", lambda _self: None)
    monkeypatch.setattr("pathlib.Path.exists", lambda _self: False)
    weak = without()
    weak.told(FOLDERS)
    assert weak.told(FOLDERS).count("'") == 2 * 3


WRITE = """
for top, folders, _ in os.walk("/"):
    if top.count("/") > 3:
        folders.clear()
    if top.startswith(("/proc", "/sys")):
        continue
    with contextlib.suppress(OSError):
        os.mkdir(top + "/left")
        print("LEFT", top)
"""
FIND = """
for top, folders, files in os.walk("/"):
    if "left" in folders:
        print("FOUND", top)
    if top.count("/") > 3 or top.startswith(("/proc", "/sys")):
        folders.clear()
"""


def test_no_file_is_left(same: Possessed) -> None:
    assert same.told(WRITE) == ""
    assert same.told(FIND) == ""


def test_files_would_be_left(without: Weaknesses) -> None:
    weak = without(tmpfs={"/tmp": "rw,mode=1777"}, ipc_mode="private")
    assert set(weak.told(WRITE).splitlines()) == {"LEFT /tmp", "LEFT /dev/shm"}
    assert set(weak.told(FIND).splitlines()) == {"FOUND /tmp", "FOUND /dev/shm"}


MAKE_OBJECTS = """
attempt("memory", lambda: call("shmget", 7319, 4096, 0o1666))
attempt("semaphores", lambda: call("semget", 7319, 1, 0o1666))
attempt("queue", lambda: call("msgget", 7319, 0o1666))
attempt("posix queue", lambda: call("mq_open", b"/left", 0o102, 0o666, None))
"""
FIND_OBJECTS = """
attempt("memory", lambda: call("shmget", 7319, 4096, 0))
attempt("semaphores", lambda: call("semget", 7319, 1, 0))
attempt("queue", lambda: call("msgget", 7319, 0))
attempt("posix queue", lambda: call("mq_open", b"/left", 0o2))
"""


def test_no_shared_object_is_left(same: Possessed) -> None:
    made, found = same.told(MAKE_OBJECTS), same.told(FIND_OBJECTS)

    assert (made + found).count("SHUT") == 8
    assert "OPEN" not in made + found


def test_shared_objects_would_be_left(without: Weaknesses) -> None:
    weak = without(filtered=False, ulimits=[])
    weak.told(MAKE_OBJECTS)
    assert weak.told(FIND_OBJECTS).count("OPEN") == 4


CHANGE_DESCRIPTORS = """
for number in range(256):
    with contextlib.suppress(OSError):
        fcntl.fcntl(number, fcntl.F_SETOWN, 1)
        fcntl.fcntl(number, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC | os.O_APPEND)
"""
TELL_DESCRIPTORS = """
for number in range(256):
    with contextlib.suppress(OSError):
        flags = fcntl.fcntl(number, fcntl.F_GETFL)
        print(number, "changed" if flags & (os.O_NONBLOCK | os.O_ASYNC) else "as it was")
"""
SHARING = """
def _share(*_): pass
forked_child._keep_only = _share
"""


def test_no_open_descriptor_is_shared(same: Possessed) -> None:
    same.run(CHANGE_DESCRIPTORS)
    told = same.told(TELL_DESCRIPTORS)

    assert "changed" not in told
    # Standard input, output and error, commands and results: nothing of the parent's.
    assert len(told.splitlines()) == 5


def test_descriptors_would_be_shared(without: Weaknesses) -> None:
    weak = without(SHARING)
    weak.run(CHANGE_DESCRIPTORS)
    assert "2 changed" in weak.told(TELL_DESCRIPTORS)


SPEAK = """
from evaluator.harness.protocol import Frame, Kind, encode
for number in range(3, 256):
    with contextlib.suppress(OSError):
        os.write(number, encode(Frame(Kind.{kind}, b"next run")))
"""


@pytest.mark.parametrize("kind", ["DONE", "ENDED", "BEGUN", "READY"])
def test_nothing_is_said_in_the_parents_name(server: Possessed, kind: str) -> None:
    assert server.run(SPEAK.format(kind=kind)).failure is Failure.INVALID_PREDICTIONS
    assert server.told("") == ""


FORGE = """
from evaluator.harness.channels import Channels
from evaluator.harness.commands import decode_command
from evaluator.harness.protocol import Begin, Complaint, Ended, Frame, Kind, encode, log_marker
gc.unfreeze()
run = next(each.run for each in gc.get_objects() if isinstance(each, Begin))
channels = (each for each in gc.get_objects() if isinstance(each, Channels))
parents, own = sorted(channels, key=lambda each: not each.results.closed and each.results.fileno())
ended = Ended(0, 0, 0.0, b"the end!")
os.write(2, log_marker(ended.mark))
parents.send(Frame(Kind.ENDED, run, ended.encode()))
begin = decode_command(own.commands.readline())
parents.send(Frame(Kind.BEGUN, begin.run))
load = decode_command(own.commands.readline())
parents.send(Frame(Kind.FAILED, load.run, Complaint.NOT_CAUSAL.encode()))
time.sleep(60)
"""


def test_the_next_submission_is_not_answered_for(server: Possessed) -> None:
    assert server.run(FORGE).failure is Failure.LOAD_FAILED
    assert server.told("") == ""


def test_the_next_submission_would_be_answered_for(without: Weaknesses) -> None:
    """The control: a child that keeps its parent's descriptors ends one job and judges the next."""
    weak = without(SHARING + "fork_server.Channels.close = lambda _self: None\n")
    assert weak.run(FORGE).failure is Failure.CRASHED
    assert weak.run("").failure is Failure.NOT_CAUSAL


CHANGE_PARENT = """
def touch():
    with open("/proc/1/mem", "r+b") as memory:
        memory.seek(ctypes.addressof(word))
        memory.write(b"changed!")
attempt("mem", touch)
attempt("trace", lambda: call("ptrace", 0x4206, 1, 0, 0))
vector = (ctypes.c_void_p * 2)(ctypes.addressof(word), 8)
ours = ctypes.create_string_buffer(b"changed!", 8)
local = (ctypes.c_void_p * 2)(ctypes.addressof(ours), 8)
attempt("process_vm", lambda: call("process_vm_writev", 1, local, 1, vector, 1, 0))
attempt("results", lambda: open("/proc/1/fd/4", "wb"))
attempt("log", lambda: open("/proc/1/fd/2", "wb"))
attempt("limits", lambda: call("prlimit64", 1, 4, (ctypes.c_ulong * 2)(0, 0), None))
attempt("processors", lambda: os.sched_setaffinity(1, [0]))
attempt("scheduling", lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
attempt("everybody's priority", lambda: os.setpriority(os.PRIO_USER, 0, 19))
"""
WORD = 'word = ctypes.create_string_buffer(b"original", 8)\n'
TELL_WORD = "print(word.raw, os.getpriority(os.PRIO_PROCESS, 0))"
VISIBLE = """
processes.hide_memory = lambda: None
forked_child.deny_opening_to_write = lambda: None
"""


def test_the_parent_is_not_changed(server: Possessed) -> None:
    told = server.told(WORD + CHANGE_PARENT)

    assert told.count("SHUT") == 10
    assert "OPEN" not in told


def test_the_parent_would_be_changed(without: Weaknesses) -> None:
    weak = without(WORD + VISIBLE, filtered=False, security_opt=["seccomp=unconfined"])
    assert weak.told(CHANGE_PARENT).count("OPEN") == 10
    assert weak.told(TELL_WORD) == "b'changed!' 19\n"


SIGNALS = """
for number in range(1, 65):
    attempt(number, lambda: os.kill(1, number))
    attempt(number, lambda: call("tgkill", 1, 1, number))
"""


def test_the_parent_is_not_ended_or_stopped(same: Possessed) -> None:
    assert "OPEN" not in same.told(SIGNALS)


@pytest.mark.parametrize("number", ["KILL", "STOP", "TERM", "INT"])
def test_a_parent_that_is_not_init_would_be(without: Weaknesses, number: str) -> None:
    weak = without("fork_server.FIRST_PROCESS = os.getpid()\n", init=True)
    weak.told("")
    before = weak.server()
    weak.run(f"os.kill(os.getppid(), signal.SIG{number})\ntime.sleep(60)", load_seconds=1)
    assert weak.sandbox._supply._servers._idle == []
    weak.told("")
    assert weak.server() is not before


FILL = """
with contextlib.suppress(OSError):
    while True:
        if os.fork() == 0:
            os.closerange(0, 256)
            while True:
                with contextlib.suppress(OSError):
                    os.fork()
                time.sleep(0.01)
os._exit(0)
"""


def test_processes_can_be_filled_up(server: Possessed) -> None:
    assert server.run(FILL).failure is Failure.CRASHED
    assert server.told("") == ""


def test_the_next_job_would_find_no_process(without: Weaknesses) -> None:
    weak = without(SPARING)
    weak.run(FILL)
    with pytest.raises(SandboxFault, match="did not begin"):
        weak.run("")


def test_a_child_that_dies_is_a_verdict(same: Possessed) -> None:
    result = same.run("os._exit(3)")
    assert result.failure is Failure.CRASHED
    assert "exit status 3" in result.smoke_log

    result = same.run("os.abort()")
    assert result.failure is Failure.CRASHED
    assert "exit status -6" in result.smoke_log


def test_a_child_without_memory_is_a_verdict(server: Possessed) -> None:
    result = server.run("held = [bytearray(b'x' * 2 ** 20) for _ in range(4096)]")
    assert result.failure is Failure.OUT_OF_MEMORY
    assert server.told("") == ""


HOLD = "held = bytearray(b'x') * (300 * 2 ** 20)\ndel held\nprint('HELD')"


def test_the_limit_on_memory_is_the_submissions(server: Possessed) -> None:
    """What the server's imports do not use of the container is not the submission's to take."""
    result = server.run(HOLD)
    assert result.failure is Failure.OUT_OF_MEMORY
    assert server.told("") == ""
    # The control: the same within a larger limit, and its peak is told.
    result = server.run(HOLD, memory_bytes=512 * MEBIBYTE)
    assert (result.failure, result.smoke_log) == (None, "HELD\n")
    peak = result.measurements.peak_memory_bytes
    assert peak is not None
    # gVisor counts some of the pages that are shared with the server otherwise than Linux does.
    assert 285 * MEBIBYTE <= peak < 360 * MEBIBYTE


SLEEP = "time.sleep(2)\nprint('SLEPT')"


def test_a_child_that_hangs_is_a_verdict(server: Possessed) -> None:
    result = server.run(SLEEP, load_seconds=0.5)
    assert (result.failure, "SLEPT" in result.smoke_log) == (Failure.TIMED_OUT, False)
    # The control: the same within a longer limit.
    assert server.told(SLEEP) == "SLEPT\n"


FLOOD = "print('x' * 2 ** 20)"


def test_a_child_that_floods_its_log_is_a_verdict(server: Possessed) -> None:
    result = server.run(FLOOD)
    assert result.failure is Failure.LOG_TOO_LARGE
    # The control: the same within a larger limit.
    assert server.run(FLOOD, log_bytes=2 * MEBIBYTE).failure is None
    assert server.told("") == ""
