"""What a person at a terminal gets, and a program does not: colour, bars, completion."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RED = "\x1b[1;31m"
ANSWERS_NOT = "http://127.0.0.1:1"


def environment(home: Path, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT / "platform"), str(ROOT))),
        "HOME": str(home),
        "TERM": "xterm-256color",
        "MINIGIANTS_URL": ANSWERS_NOT,
        **more,
    }


def on_a_terminal(home: Path, *arguments: str, **more: str) -> str:
    """What is seen on a terminal on which the command line is used."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "client", *arguments],
        env=environment(home, **more),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ):
        os.close(slave)
        seen = b""
        while True:
            try:
                seen += os.read(master, 65_536)
            except OSError:  # Linux's way to say that nobody writes any more
                break
    os.close(master)
    return seen.decode()


def test_errors_are_red_on_a_terminal_alone(tmp_path: Path) -> None:
    wrong = ("submit", str(tmp_path / "nothing"), "-c", "digits")
    assert RED in on_a_terminal(tmp_path, *wrong, MINIGIANTS_TOKEN="mg_x")
    plain = on_a_terminal(tmp_path, *wrong, MINIGIANTS_TOKEN="mg_x", NO_COLOR="1")
    assert "path_unreadable" in plain
    assert "31m" not in plain
    piped = subprocess.run(
        [sys.executable, "-m", "client", *wrong],
        env=environment(tmp_path, MINIGIANTS_TOKEN="mg_x"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "\x1b" not in piped.stdout + piped.stderr
    assert "path_unreadable" in piped.stderr


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete --")]
)
def test_shells_complete(tmp_path: Path, shell: str, sign: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from client.cli import app; app(prog_name='minigiants')"],
        env=environment(tmp_path, _MINIGIANTS_COMPLETE=f"source_{shell}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert sign in done.stdout, done.stderr
    completed = subprocess.run(
        [sys.executable, "-c", "from client.cli import app; app(prog_name='minigiants')"],
        env=environment(
            tmp_path,
            _MINIGIANTS_COMPLETE=f"complete_{shell}",
            COMP_WORDS="minigiants subm",
            COMP_CWORD="1",
            _TYPER_COMPLETE_ARGS="minigiants subm",
            _TYPER_COMPLETE_FISH_ACTION="get-args",
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert {"submit", "submissions"} <= set(completed.stdout.replace('"', " ").split())
