"""Attacks by an organizer's metric.py: each ends as a clear failure, and the next call works."""

import json
import os
import select
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import docker
import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.contract import Limits, MetricSpec, Strength
from evaluator.sandbox import docker_metric_sandbox
from evaluator.sandbox.base import SandboxFault
from evaluator.sandbox.container import SHARED_MEMORY_BYTES
from evaluator.sandbox.docker_metric_sandbox import DockerMetricSandbox
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused
from evaluator.scoring.custom import SplitTables, score_custom
from evaluator.tasks.custom import read_solution
from evaluator.tasks.submission_file import read_submission
from tests.attacks.bombs import DEAF, FORK_BOMB, disk_bomb, forks
from tests.attacks.metric_ground import MetricGround, WeakenedMetricSandbox
from tests.attacks.proving_ground import WORKER_SECRET
from tests.attacks.remains import (
    await_nothing_left,
    containers_of,
    processes_called,
    processes_that_name,
    signal,
)
from tests.support.missing import missing
from tests.support.waiting import wait_for

pytestmark = pytest.mark.docker

Without = Callable[..., MetricGround]

WALK = """
found = []
for top, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if os.path.join(top, name) not in {skipped}]
    for name in names:
        path = os.path.join(top, name)
        if path == "/job/metric.py" or not os.path.isfile(path):
            continue
        try:
            with open(path, "rb") as file:
                if b"{secret}" in file.read(1 << 20):
                    found.append(path)
        except OSError:
            pass
tell("LOOKED", *found)
"""
SKIPPED = ("/sys", "/proc", "/opt/harness/venv", "/usr", "/lib", "/var")
ENVIRONMENTS = """
import glob
found = []
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        with open(path, "rb") as file:
            if b"{secret}" in file.read():
                found.append(path)
    except OSError:
        pass
tell("LOOKED", *found)
"""
KNOCK = """
import socket
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})),
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", {udp})),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\\0{abstract}"),
):
    try:
        with socket.socket(family, kind) as door:
            door.settimeout(1)
            door.connect(address)
            door.send(b"hello")
    except OSError:
        pass
try:
    tell("RESOLVED", socket.getaddrinfo("minigiants.example", 80))
except OSError:
    tell("KNOCKED")
"""
TAMPER = """
done = []
for name, act in {
    "append": lambda: open("/job/submission.csv", "a").write("d,4\\n"),
    "replace": lambda: os.replace("/job/solution.csv", "/job/submission.csv"),
    "create": lambda: open("/job/new", "w").close(),
    "harness": lambda: open("/opt/harness/evaluator/harness/metric.py", "a").close(),
}.items():
    try:
        act()
        done.append(name)
    except OSError:
        pass
tell("TRIED", *done)
"""
REMEMBER = """
place = "/tmp/remembered"
seen = os.path.exists(place)
open(place, "w").close()
tell("SEEN" if seen else "FRESH")
"""
LEAVE_BEHIND = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.closerange(0, 64)
        os.execv("/bin/sleep", ["{name}", "300"])
    os._exit(0)
import time
time.sleep(1)
"""
LOOP = """
import time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    pass
"""
BOMB = """
block = bytearray(600 << 20)
for place in range(0, len(block), 4096):
    block[place] = 1
"""
FLOOD = """
for _ in range({mebibytes}):
    print("x" * (1 << 20))
"""
FORGE = """
forged = {forged}
for descriptor in range(3, 64):
    try:
        os.write(descriptor, forged)
    except OSError:
        pass
"""


PROCESSES = Limits().processes
TRACER: dict[str, Any] = {
    "user": "0:0",
    "cap_drop": [],
    "cap_add": ["SYS_PTRACE"],
    "security_opt": ["apparmor=unconfined"],
}


@pytest.fixture(scope="module", params=["runc", "runsc"])
def guarded(
    request: pytest.FixtureRequest,
    docker_engine: str,
    harness_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[MetricGround]:
    """The real sandbox, under runc and under gVisor."""
    client = docker.APIClient(docker_engine)
    runtimes = client.info()["Runtimes"]
    client.close()
    if request.param not in runtimes:
        missing("gVisor", "install runsc and register it with the Docker engine")
    folder = tmp_path_factory.mktemp(request.param)
    sandbox = DockerMetricSandbox(
        scratch=folder / "scratch", image=harness_image, runtime=request.param
    )
    yield MetricGround(sandbox, folder)
    sandbox.close()


@pytest.fixture(scope="module")
def quick(
    docker_engine: str, harness_image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MetricGround]:
    """One sandbox under runc for attacks on the host's own checks, alike in every runtime."""
    folder = tmp_path_factory.mktemp("quick")
    sandbox = DockerMetricSandbox(scratch=folder / "scratch", image=harness_image, runtime="runc")
    yield MetricGround(sandbox, folder)
    sandbox.close()


@pytest.fixture
def without(docker_engine: str, harness_image: str, tmp_path: Path) -> Iterator[Without]:
    """Makes a sandbox without one defence: the control that shows the attack to be a real one."""
    with ExitStack() as opened:

        def make(
            *,
            writable_job: bool = False,
            filtered: bool = True,
            user: str | None = None,
            show: Path | None = None,
            **host: Any,
        ) -> MetricGround:
            container: dict[str, Any] = {} if user is None else {"user": user}
            if host.get("network_mode"):
                container["network_disabled"] = False
            sandbox = WeakenedMetricSandbox(
                scratch=tmp_path / "scratch",
                image=harness_image,
                host=host,
                container=container,
                writable_job=writable_job,
                filtered=filtered,
                show=show,
            )
            opened.callback(sandbox.close)
            return MetricGround(sandbox, tmp_path)

        yield make


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file of the host, as another job's labels would be one."""
    file = tmp_path / "house" / "labels.csv"
    file.parent.mkdir()
    file.write_text(f"id,label\na,{WORKER_SECRET}\n")
    return file


@dataclass
class Doors:
    """Sockets of the host, at which somebody might knock."""

    tcp: socket.socket
    udp: socket.socket
    abstract: socket.socket

    def payload(self) -> str:
        """Source that knocks at all of them."""
        return KNOCK.format(
            tcp=self.tcp.getsockname()[1],
            udp=self.udp.getsockname()[1],
            abstract=self.abstract.getsockname()[1:].decode(),
        )

    def knocked(self) -> set[str]:
        """At which ones somebody has."""
        sockets = {"tcp": self.tcp, "udp": self.udp, "abstract": self.abstract}
        ready, _, _ = select.select(sockets.values(), [], [], 0)
        return {name for name, door in sockets.items() if door in ready}


@pytest.fixture
def doors() -> Iterator[Doors]:
    """Open sockets of the host, of each kind that might lead out of a sandbox."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        abstract.bind(f"\0minigiants-metric-{tcp.getsockname()[1]}")
        abstract.listen()
        yield Doors(tcp, udp, abstract)


def told(ground: MetricGround, body: str) -> str:
    """What a payload tells by `tell`."""
    with pytest.raises(SubmissionRefused) as refused:
        ground.attack(body)
    return str(refused.value)


def telling(body: str) -> str:
    """A payload that tells what another one prints."""
    indented = "\n".join("    " + line for line in body.strip().splitlines())
    return (
        "import contextlib, io\n"
        f"with contextlib.redirect_stdout(io.StringIO()) as said:\n{indented}\n"
        "tell(said.getvalue())"
    )


def failure(ground: MetricGround, body: str, **limits: Any) -> str:
    """How a payload fails; the next call works as if nothing had been."""
    with pytest.raises(MetricFailed) as failed:
        ground.attack(body, **limits)
    await_nothing_left(ground.sandbox)
    assert ground.attack("pass").score == 0.5
    return str(failed.value)


def test_files_of_the_host_are_out_of_reach(guarded: MetricGround, secret_file: Path) -> None:
    assert secret_file.read_text()
    assert told(guarded, WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)) == "LOOKED"


def test_a_mounted_folder_would_be_read(without: Without, secret_file: Path) -> None:
    weak = without(show=secret_file.parent)
    assert (
        told(weak, WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)) == "LOOKED /house/labels.csv"
    )


def test_the_workers_environment_is_out_of_reach(
    guarded: MetricGround, worker: subprocess.Popen[bytes]
) -> None:
    assert told(guarded, ENVIRONMENTS.format(secret=WORKER_SECRET)) == "LOOKED"


@pytest.mark.parametrize(
    ("others", "found"),
    [
        pytest.param(TRACER, False, id="a namespace of processes alone"),
        pytest.param({"pid_mode": "host"}, False, id="an ordinary user alone"),
        pytest.param({"pid_mode": "host", **TRACER}, True, id="neither"),
    ],
)
def test_the_environment_against_one_defence(
    without: Without, worker: subprocess.Popen[bytes], others: dict[str, Any], *, found: bool
) -> None:
    said = told(without(**others), ENVIRONMENTS.format(secret=WORKER_SECRET)).split()
    assert (f"/proc/{worker.pid}/environ" in said) == found


def test_nothing_is_reached_by_network(guarded: MetricGround, doors: Doors) -> None:
    assert told(guarded, doors.payload()) == "KNOCKED"
    assert doors.knocked() == set()


@pytest.mark.parametrize(
    ("others", "knocked"),
    [
        pytest.param({"network_mode": "host"}, {"abstract"}, id="the harness' filter alone"),
        pytest.param({"filtered": False}, set(), id="no network alone"),
        pytest.param(
            {"network_mode": "host", "filtered": False}, {"tcp", "udp", "abstract"}, id="neither"
        ),
    ],
)
def test_the_network_against_one_defence(
    without: Without, doors: Doors, others: dict[str, Any], knocked: set[str]
) -> None:
    told(without(**others), doors.payload())
    assert doors.knocked() == knocked


def test_inputs_and_harness_are_read_only(guarded: MetricGround) -> None:
    assert told(guarded, TAMPER) == "TRIED"


@pytest.mark.parametrize(
    ("others", "done"),
    [
        pytest.param({"user": "0:0"}, set(), id="a read-only mount alone"),
        pytest.param({"writable_job": True}, set(), id="an ordinary user alone"),
        pytest.param(
            {"user": "0:0", "writable_job": True}, {"append", "replace", "create"}, id="neither"
        ),
    ],
)
def test_the_job_against_one_defence(
    without: Without, others: dict[str, Any], done: set[str]
) -> None:
    assert set(told(without(**others), TAMPER).split()) == {"TRIED", *done}


def test_nothing_stays_for_the_next_call(guarded: MetricGround) -> None:
    assert told(guarded, REMEMBER) == told(guarded, REMEMBER) == "FRESH"


def test_within_one_container_it_would_stay(quick: MetricGround) -> None:
    assert told(quick, "open('/tmp/remembered', 'w').close()\n" + REMEMBER) == "SEEN"


def test_the_other_splits_rows_are_out_of_reach(quick: MetricGround, tmp_path: Path) -> None:
    payload = WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)
    file = tmp_path / "table.csv"
    file.write_text(f"id,y,usage\na,1,Public\nb,{WORKER_SECRET},Private\n")
    solution = read_solution(file)
    submission = read_submission(file, solution.ids)

    def score_split(tables: SplitTables) -> tuple[float, None]:
        return quick.attack(payload, tables=tables).score, None

    spec = MetricSpec(name="custom")
    with pytest.raises(SubmissionRefused, match=r"^LOOKED$"):  # the public split comes first
        score_custom(spec, solution, submission, folder=tmp_path, score_split=score_split)
    whole = SplitTables(solution=file, submission=file, rows=2)
    with pytest.raises(SubmissionRefused, match=r"^LOOKED /job/.*\.csv$"):
        score_split(whole)


def test_an_endless_loop_ends(guarded: MetricGround) -> None:
    assert "longer than 2 s" in failure(guarded, LOOP.format(seconds=600), time_seconds=2)


def test_with_more_time_a_loop_would_go_on(quick: MetricGround) -> None:
    loop = LOOP.format(seconds=3)
    assert "longer than 2 s" in failure(quick, loop, time_seconds=2)
    assert quick.attack(loop).score == 0.5


def test_a_memory_bomb_ends(guarded: MetricGround) -> None:
    said = failure(guarded, BOMB)
    assert "256 MiB of memory" in said or "MemoryError" in said


def test_with_more_memory_a_bomb_would_go_off(quick: MetricGround) -> None:
    assert quick.attack(BOMB, memory_bytes=1 << 30).score == 0.5


def test_a_fork_bomb_ends(guarded: MetricGround) -> None:
    # gVisor takes longer to begin, and ends all of it as soon as it has no more processes.
    seconds = 30 if guarded.sandbox.strength is Strength.GVISOR else 8
    with pytest.raises(MetricFailed) as failed:
        guarded.attack(FORK_BOMB, time_seconds=seconds, memory_bytes=1 << 30)
    assert 0 < forks(failed.value.log) < PROCESSES
    await_nothing_left(guarded.sandbox)
    assert guarded.attack("pass").score == 0.5


def test_within_a_larger_limit_a_fork_bomb_would_grow(without: Without) -> None:
    with pytest.raises(MetricFailed) as failed:
        without(pids_limit=2 * PROCESSES).attack(FORK_BOMB, time_seconds=8)
    assert forks(failed.value.log) > PROCESSES


def test_a_sleep_that_ignores_signals_ends(guarded: MetricGround) -> None:
    sleep = DEAF.format(name="deaf", seconds=600)
    assert "longer than 4 s" in failure(guarded, sleep, time_seconds=4)


def test_an_ending_that_asks_would_not_end_it(quick: MetricGround) -> None:
    """The control: SIGTERM in place of SIGKILL ends a metric that heeds it, and no other."""
    name = f"deaf-{os.getpid()}"
    asked = []

    def ask() -> None:
        if processes_called(name):
            signal(quick.sandbox, "SIGTERM")
            asked.append(name)

    sleep = DEAF.format(name=name, seconds=3)
    assert quick.attack(sleep, watch=ask).score == 0.5
    assert asked
    with pytest.raises(SandboxFault, match="The engine ended the container"):
        quick.attack(sleep.replace("SIG_IGN", "SIG_DFL"), watch=ask)


def test_a_disk_bomb_is_bounded(guarded: MetricGround) -> None:
    said = told(guarded, telling(disk_bomb(80)))
    assert sorted(said.split("WROTE ")) == [
        "",
        f"/dev/shm {SHARED_MEMORY_BYTES} ",
        f"/tmp {64 << 20}",
    ]


@pytest.mark.parametrize(
    ("place", "limit"),
    [("/tmp", {"tmpfs": {"/tmp": "rw,mode=1777"}}), ("/dev/shm", {"shm_size": 128 << 20})],
)
def test_a_disk_bomb_without_one_limit(without: Without, place: str, limit: dict[str, Any]) -> None:
    said = told(without(**limit), telling(disk_bomb(80)))
    assert f"WROTE {place} {80 << 20}" in said
    assert said.count(f" {80 << 20}") == 1


def test_a_gigabyte_of_output_ends(guarded: MetricGround) -> None:
    assert "printed more than" in failure(guarded, FLOOD.format(mebibytes=1024))


def test_output_would_be_kept_without_its_limit(
    quick: MetricGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = FLOOD.format(mebibytes=2)
    assert "printed more than" in failure(quick, flood)
    monkeypatch.setattr(docker_metric_sandbox, "LOG_BYTES", 1 << 22)
    assert quick.attack(flood).score == 0.5


def test_processes_that_are_left_behind_end(guarded: MetricGround) -> None:
    name = f"left-by-{uuid4().hex}"
    left: set[Path] = set()
    containers: set[str] = set()

    def watch() -> None:
        left.update(processes_that_name(name))
        containers.update(containers_of(guarded.sandbox))

    assert guarded.attack(LEAVE_BEHIND.format(name=name), watch=watch).score == 0.5
    # The control: while the metric ran, it was there. Under gVisor it is within the container's
    # one process.
    assert len(left) == (guarded.sandbox.strength is Strength.DOCKER)
    (container,) = containers
    wait_for(lambda: not processes_that_name(name), "the end of the process that was left")
    wait_for(lambda: not processes_that_name(container), "the end of all that was the container")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        ("float('nan')", "not finite"),
        ("'0.5'", "str"),
        ("10**400", "OverflowError"),
        ("{'score': [[0.5]]}", "dict"),
        ("True", "bool"),
        ("(0.5, [0.0])", "losses"),
        ("(0.5, [0.0, float('inf'), 1.0])", "not finite"),
    ],
    ids=["nan", "text", "huge", "nested", "bool", "too few losses", "infinite loss"],
)
def test_what_is_no_score_is_refused(quick: MetricGround, returned: str, says: str) -> None:
    with pytest.raises(MetricFailed, match=says):
        quick.attack(f"return {returned}")


HONEST = b'{"kind": "score", "score": 0.9, "losses": null}\n'


@pytest.mark.parametrize(
    "forged",
    [
        HONEST,
        b'{"kind": "score", "score": NaN, "losses": null}\n',
        b'{"kind": "score", "score": 1' + b"0" * 5000 + b', "losses": null}\n',
        b'{"kind": "score", "score": ' + b"[" * 8000 + b"\n",
        b'{"kind": "score", "score": 0.9, "losses": 4000000000}\n',
        b'{"kind": "score", "score": 0.9, "losses": null, "split": "private"}\n',
        b"\x00\xff" * 9000,
        b"x" * (1 << 20),
    ],
    ids=["twice", "nan", "huge", "nested", "losses", "other split", "garbage", "too large"],
)
def test_a_forged_answer_is_refused(quick: MetricGround, forged: bytes) -> None:
    with pytest.raises(MetricFailed):
        quick.attack(FORGE.format(forged=forged))


def test_a_reader_that_trusts_the_first_line_would_take_a_forged_answer(
    quick: MetricGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting(answer: bytes, rows: int) -> tuple[float, NDArray[np.float64] | None]:
        return json.loads(answer.splitlines()[0])["score"], None

    monkeypatch.setattr(docker_metric_sandbox, "read_answer", trusting)
    assert quick.attack(FORGE.format(forged=HONEST)).score == 0.9
