"""Attacks by an organizer's metric.py: each ends as a clear failure, and the next call works."""

import json
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.contract import MetricSpec
from evaluator.sandbox import docker_metric_sandbox
from evaluator.sandbox.metric_base import MetricFailed, SubmissionRefused
from evaluator.scoring.custom import SplitTables, score_custom
from evaluator.tasks.custom import read_solution
from evaluator.tasks.submission_file import read_submission
from tests.attacks.canary import Canary
from tests.attacks.metric_ground import MetricGround, told
from tests.attacks.name_server import ASK, NameServer
from tests.attacks.proving_ground import WORKER_SECRET

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
KNOCK = (
    ASK
    + """
for family, kind, address in (
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", {tcp})),
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
    answer = ask()
except OSError:
    answer = "and none answered"
tell("KNOCKED", answer)
"""
)
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
FORGE = """
forged = {forged}
for descriptor in range(3, 64):
    try:
        os.write(descriptor, forged)
    except OSError:
        pass
"""


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
    names: NameServer
    abstract: socket.socket

    def payload(self) -> str:
        """Source that knocks at all of them."""
        return KNOCK.format(
            tcp=self.tcp.getsockname()[1],
            port=self.names.port,
            abstract=self.abstract.getsockname()[1:].decode(),
        )

    def knocked(self) -> set[str]:
        """At which ones somebody has."""
        sockets = {"tcp": self.tcp, "abstract": self.abstract}
        ready, _, _ = select.select(sockets.values(), [], [], 0)
        knocked = {name for name, door in sockets.items() if door in ready}
        return knocked | ({"names"} if self.names.asked.is_set() else set())


@pytest.fixture
def doors(name_server: NameServer) -> Iterator[Doors]:
    """Open sockets of the host, of each kind that might lead out of a sandbox."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        abstract.bind(f"\0minigiants-metric-{tcp.getsockname()[1]}")
        abstract.listen()
        yield Doors(tcp, name_server, abstract)


def test_files_of_the_host_are_out_of_reach(
    metric_guarded: MetricGround, secret_file: Path
) -> None:
    assert secret_file.read_text()
    assert told(metric_guarded, WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)) == "LOOKED"


def test_a_mounted_folder_would_be_read(metric_without: Without, secret_file: Path) -> None:
    weak = metric_without(show=secret_file.parent)
    assert (
        told(weak, WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)) == "LOOKED /house/labels.csv"
    )


def test_the_workers_secrets_are_out_of_reach(metric_guarded: MetricGround, canary: Canary) -> None:
    assert told(metric_guarded, canary.source() + 'tell("FOUND", *seek())') == "FOUND"


def test_among_the_hosts_processes_they_would_be_found(
    metric_without: Without, canary: Canary
) -> None:
    weak = metric_without(
        pid_mode="host",
        user=canary.user,
        security_opt=["no-new-privileges:true", "apparmor=unconfined"],
    )
    found = told(weak, canary.source() + 'tell("FOUND", *seek())')
    assert canary.places() <= set(found.split())


def test_nothing_is_reached_by_network(metric_guarded: MetricGround, doors: Doors) -> None:
    assert told(metric_guarded, doors.payload()) == "KNOCKED and none answered"
    assert doors.knocked() == set()


@pytest.mark.parametrize(
    ("others", "knocked"),
    [
        pytest.param({"network_mode": "host"}, {"abstract"}, id="the harness' filter alone"),
        pytest.param({"filtered": False}, set(), id="no network alone"),
        pytest.param(
            {"network_mode": "host", "filtered": False}, {"tcp", "names", "abstract"}, id="neither"
        ),
    ],
)
def test_the_network_against_one_defence(
    metric_without: Without, doors: Doors, others: dict[str, Any], knocked: set[str]
) -> None:
    told(metric_without(**others), doors.payload())
    assert doors.knocked() == knocked


def test_inputs_and_harness_are_read_only(metric_guarded: MetricGround) -> None:
    assert told(metric_guarded, TAMPER) == "TRIED"


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
    metric_without: Without, others: dict[str, Any], done: set[str]
) -> None:
    assert set(told(metric_without(**others), TAMPER).split()) == {"TRIED", *done}


def test_nothing_stays_for_the_next_call(metric_guarded: MetricGround) -> None:
    assert told(metric_guarded, REMEMBER) == told(metric_guarded, REMEMBER) == "FRESH"


def test_within_one_container_it_would_stay(metric_quick: MetricGround) -> None:
    assert told(metric_quick, "open('/tmp/remembered', 'w').close()\n" + REMEMBER) == "SEEN"


def test_the_other_splits_rows_are_out_of_reach(metric_quick: MetricGround, tmp_path: Path) -> None:
    payload = WALK.format(secret=WORKER_SECRET, skipped=SKIPPED)
    file = tmp_path / "table.csv"
    file.write_text(f"id,y,usage\na,1,Public\nb,{WORKER_SECRET},Private\n")
    solution = read_solution(file)
    submission = read_submission(file, solution.ids)

    def score_split(tables: SplitTables) -> tuple[float, None]:
        return metric_quick.attack(payload, tables=tables).score, None

    spec = MetricSpec(name="custom")
    with pytest.raises(SubmissionRefused, match=r"^LOOKED$"):  # the public split comes first
        score_custom(spec, solution, submission, folder=tmp_path, score_split=score_split)
    whole = SplitTables(solution=file, submission=file, rows=2)
    with pytest.raises(SubmissionRefused, match=r"^LOOKED /job/.*\.csv$"):
        score_split(whole)


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
def test_what_is_no_score_is_refused(metric_quick: MetricGround, returned: str, says: str) -> None:
    with pytest.raises(MetricFailed, match=says):
        metric_quick.attack(f"return {returned}")


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
def test_a_forged_answer_is_refused(metric_quick: MetricGround, forged: bytes) -> None:
    with pytest.raises(MetricFailed):
        metric_quick.attack(FORGE.format(forged=forged))


def test_a_reader_that_trusts_the_first_line_would_take_a_forged_answer(
    metric_quick: MetricGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusting(answer: bytes, rows: int) -> tuple[float, NDArray[np.float64] | None]:
        return json.loads(answer.splitlines()[0])["score"], None

    monkeypatch.setattr(docker_metric_sandbox, "read_answer", trusting)
    assert metric_quick.attack(FORGE.format(forged=HONEST)).score == 0.9
