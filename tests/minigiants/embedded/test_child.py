"""Child processes: what they know, what they write, and that they end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from minigiants.embedded.bounded_log import BoundedLog
from minigiants.embedded.child import Child
from tests.support.waiting import wait_for

PATH = {"PATH": "/usr/bin:/bin"}


def python(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-S", "-c", program, *map(str, arguments)]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_it_inherits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "of the parent")
    child = Child("env", ["/usr/bin/env"], environment=PATH, log=tmp_path / "log", cwd=tmp_path)
    assert child.wait(10) == 0
    child.stop(0)
    assert (tmp_path / "log").read_text() == "PATH=/usr/bin:/bin\n"


def test_its_log_is_bounded_and_its_last_words_are_kept(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log", limit_bytes=10_000)
    for number in range(5_000):
        log.write(b"line %d\n" % number)
    log.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 20_100
    assert log.tail().splitlines()[-1] == "line 4999"


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    log = BoundedLog(Path("/dev/full"))
    log.write(b"lost\n")
    log.close()
    assert log.lost_lines >= 1
    assert log.tail() == "lost"


def test_its_log_is_closed_to_others(tmp_path: Path) -> None:
    child = Child("true", ["/bin/true"], environment=PATH, log=tmp_path / "log", cwd=tmp_path)
    child.stop(10)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_what_ignores_the_signal_is_killed_with_all_its_children(tmp_path: Path) -> None:
    stubborn = (
        "import os, signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['/bin/sleep', '600']).pid, flush=True)\n"
        "time.sleep(600)"
    )
    child = Child(
        "stubborn", python(stubborn), environment=PATH, log=tmp_path / "log", cwd=tmp_path
    )
    wait_for(lambda: child.log.tail(), "its output")
    grandchild = int(child.log.tail())
    assert child.stop(0.2) is False
    assert not is_alive(child.pid)
    wait_for(lambda: not is_alive(grandchild), "the end of its child")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_it_dies_with_its_parent_however_that_dies(tmp_path: Path) -> None:
    parent = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from minigiants.embedded.child import Child\n"
        "folder = Path(sys.argv[1])\n"
        "child = Child('sleep', ['/bin/sleep', '600'], environment={}, log=folder / 'log',"
        " cwd=folder)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)"
    )
    environment = {**PATH, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", parent, tmp_path], env=environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.send_signal(signal.SIGKILL)
    wait_for(lambda: not is_alive(pid), "its end")
